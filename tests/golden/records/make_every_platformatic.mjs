// Prints bodies of the requests that @platformatic/kafka has, in all its versions: one "body.<api>.<version> hex" a line.
// Run where @platformatic/kafka is installed. Left out is what no broker would read: AlterPartition 3 (a topic's id as
// text), AlterUserScramCredentials 0 (tagged fields twice), DescribeClientQuotas 0 (flexible before its time),
// DescribeConfigs 2 (a field of version 3), Metadata 11 (one of version 10), and topics to forget in Fetch 12 (by id).
const apis = `${process.cwd()}/node_modules/@platformatic/kafka/dist/apis`
const T0 = 1700000000000n
const ID = '0123abcd-4567-89ef-8123-456789abcdef'

const body = async (name, versions, path, ...fields) => {
  for (const version of versions) {
    const { createRequest } = await import(`${apis}/${path}-v${version}.js`)
    console.log(`body.${name}.${version}`, createRequest(...fields).buffer.toString('hex'))
  }
}

const offsets = [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: 3, committedMetadata: 'note' }] }]
const fetched = { partitions: [{ partition: 0, currentLeaderEpoch: 3, fetchOffset: 42n, lastFetchedEpoch: 2, partitionMaxBytes: 1048576 }] }
const messages = () => [{ topic: 'orders', partition: 2, key: Buffer.from('k'), value: Buffer.from('v'), timestamp: T0 }]
const acl = { resourceType: 2, resourceName: 'orders', resourcePatternType: 3, principal: 'User:ann', host: '*', operation: 3, permissionType: 3 }
const transaction = { transactionalId: 'tx-1', producerId: 4711n, producerEpoch: 3, verifyOnly: true, topics: [{ name: 'orders', partitions: [0, 1] }] }

await body('Produce', [7, 8, 9, 10, 11], 'producer/produce', -1, 30000, messages(), { transactionalId: 'tx-1' })
await body('Fetch', [12], 'consumer/fetch', 500, 1, 10485760, 1, 77, 2, [{ topicId: 'orders', ...fetched }], [], 'eu-1a')
await body('Fetch', [13, 14, 15, 16, 17], 'consumer/fetch', 500, 1, 10485760, 1, 77, 2, [{ topicId: ID, ...fetched }], [{ topic: ID, partitions: [1, 2] }], 'eu-1a')
await body('ListOffsets', [5, 6, 7, 8, 9], 'consumer/list-offsets', -1, 1, [{ name: 'orders', partitions: [{ partitionIndex: 0, currentLeaderEpoch: 3, timestamp: -1n }] }])
await body('Metadata', [9, 10, 12], 'metadata/metadata', ['orders', 'payments'], true, true)
await body('OffsetCommit', [8, 9], 'consumer/offset-commit', 'billing', 4, 'm-1', 'till-1', offsets)
await body('OffsetFetch', [8, 9], 'consumer/offset-fetch', [{ groupId: 'billing', memberId: 'm-1', memberEpoch: 5, topics: [{ name: 'orders', partitionIndexes: [0, 1] }] }], true)
await body('FindCoordinator', [4, 5, 6], 'metadata/find-coordinator', 1, ['tx-1', 'tx-2'])
await body('JoinGroup', [6, 7, 8, 9], 'consumer/join-group', 'billing', 30000, 60000, 'm-1', 'till-1', 'consumer', [{ name: 'range', metadata: Buffer.from([0, 1]) }], 'started')
await body('Heartbeat', [4], 'consumer/heartbeat', 'billing', 4, 'm-1', null)
await body('LeaveGroup', [4, 5], 'consumer/leave-group', 'billing', [{ memberId: 'm-1', groupInstanceId: 'till-1', reason: 'done' }])
await body('SyncGroup', [4, 5], 'consumer/sync-group', 'billing', 4, 'm-1', 'till-1', 'consumer', 'range', [{ memberId: 'm-1', assignment: Buffer.from('abc') }])
await body('DescribeGroups', [5], 'admin/describe-groups', ['billing', 'audit'], true)
await body('ListGroups', [4, 5], 'admin/list-groups', ['Stable', 'Empty'], ['classic', 'consumer'])
await body('SaslHandshake', [1], 'security/sasl-handshake', 'PLAIN')
await body('ApiVersions', [3, 4], 'metadata/api-versions', 'squall', '1.0.0')
await body('CreateTopics', [7], 'admin/create-topics', [{ name: 'orders', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }], configs: [{ name: 'cleanup.policy', value: null }] }], 15000, false)
await body('DeleteTopics', [6], 'admin/delete-topics', [{ name: null, topicId: ID }], 15000)
await body('DeleteRecords', [2], 'admin/delete-records', [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 42n }] }], 15000)
await body('InitProducerId', [3, 4, 5], 'producer/init-producer-id', 'tx-1', 60000, 4711n, 3)
await body('OffsetForLeaderEpoch', [4], 'consumer/offset-for-leader-epoch', -1, [{ name: 'orders', partitions: [{ partitionIndex: 0, currentLeaderEpoch: 3, leaderEpoch: 2 }] }])
await body('AddPartitionsToTxn', [3, 4, 5], 'producer/add-partitions-to-txn', [transaction])
await body('AddOffsetsToTxn', [1, 2, 3, 4], 'producer/add-offsets-to-txn', 'tx-1', 4711n, 3, 'billing')
await body('EndTxn', [3, 4], 'producer/end-txn', 'tx-1', 4711n, 3, true)
await body('TxnOffsetCommit', [3, 4], 'producer/txn-offset-commit', 'tx-1', 'billing', 4711n, 3, 4, 'm-1', 'till-1', offsets)
await body('DescribeAcls', [2, 3], 'admin/describe-acls', acl)
await body('CreateAcls', [2, 3], 'admin/create-acls', [acl, acl])
await body('DeleteAcls', [2, 3], 'admin/delete-acls', [acl, acl])
await body('DescribeConfigs', [3, 4], 'admin/describe-configs', [{ resourceType: 4, resourceName: '1', configurationKeys: ['retention.ms'] }], false, true)
await body('AlterConfigs', [2], 'admin/alter-configs', [{ resourceType: 2, resourceName: 'orders', configs: [{ name: 'retention.ms', value: null }] }], false)
await body('DescribeLogDirs', [2, 3, 4], 'admin/describe-log-dirs', [{ name: 'orders', partitions: [0, 1] }])
await body('SaslAuthenticate', [2], 'security/sasl-authenticate', Buffer.from('secret'))
await body('CreatePartitions', [1, 2, 3], 'admin/create-partitions', [{ name: 'orders', count: 6, assignments: [{ brokerIds: [1, 2] }] }], 15000, true)
await body('DeleteGroups', [2], 'admin/delete-groups', ['billing', 'audit'])
await body('IncrementalAlterConfigs', [1], 'admin/incremental-alter-configs', [{ resourceType: 2, resourceName: 'orders', configs: [{ name: 'cleanup.policy', configOperation: 2, value: 'compact' }] }], false)
await body('AlterPartitionReassignments', [0, 1], 'admin/alter-partition-reassignments', 15000, true, [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas: [2, 3] }] }])
await body('ListPartitionReassignments', [0], 'admin/list-partition-reassignments', 15000, [{ name: 'orders', partitionIndexes: [0, 1] }])
await body('OffsetDelete', [0], 'admin/offset-delete', 'billing', [{ name: 'orders', partitions: [{ partitionIndex: 0 }, { partitionIndex: 3 }] }])
await body('DescribeUserScramCredentials', [0], 'admin/describe-user-scram-credentials', [{ name: 'ann' }, { name: 'bob' }])
await body('DescribeQuorum', [2], 'admin/describe-quorum', [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }])
await body('UpdateFeatures', [1], 'admin/update-features', 15000, [{ feature: 'metadata.version', maxVersionLevel: 25, upgradeType: 2 }], false)
await body('DescribeCluster', [0, 1], 'admin/describe-cluster', true, 2)
await body('DescribeProducers', [0], 'admin/describe-producers', [{ name: 'orders', partitionIndexes: [0, 1] }])
await body('UnregisterBroker', [0], 'admin/unregister-broker', 7)
await body('DescribeTransactions', [0], 'admin/describe-transactions', ['tx-1'])
await body('ListTransactions', [0, 1, 2], 'admin/list-transactions', ['Ongoing'], [4711n], 1000n, 'tx-.*')
await body('ConsumerGroupHeartbeat', [0, 1], 'consumer/consumer-group-heartbeat', 'billing', 'm-1', 5, 'till-1', 'eu-1a', 60000, ['orders'], 'pay.*', 'uniform', [{ topicId: ID, partitions: [0, 1] }])
await body('ConsumerGroupDescribe', [0], 'admin/consumer-group-describe', ['billing', 'audit'], true)
await body('DescribeTopicPartitions', [0], 'admin/describe-topic-partitions', [{ name: 'orders' }, { name: 'payments' }], 100, null)
await body('AlterClientQuotas', [1], 'admin/alter-client-quotas', [{ entities: [{ entityType: 'user', entityName: 'ann' }], ops: [{ key: 'producer_byte_rate', value: 1024.5, remove: true }] }], false)
