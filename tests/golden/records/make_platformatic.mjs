// Prints bodies of requests in flexible versions as @platformatic/kafka encodes them: one
// "name hex" a line. Run where @platformatic/kafka is installed.
const apis = `${process.cwd()}/node_modules/@platformatic/kafka/dist/apis`
const T0 = 1700000000000n
const ID = '0123abcd-4567-89ef-8123-456789abcdef'

const body = async (name, version, path, ...fields) => {
  const { createRequest } = await import(`${apis}/${path}-v${version}.js`)
  console.log(`body.${name}.${version}`, createRequest(...fields).buffer.toString('hex'))
}

await body('ApiVersions', 4, 'metadata/api-versions', 'squall', '1.0.0')
await body('Metadata', 12, 'metadata/metadata', ['orders', 'payments'], true, false)
await body('FindCoordinator', 6, 'metadata/find-coordinator', 0, ['billing', 'audit'])
await body('Produce', 11, 'producer/produce', -1, 30000, [{ topic: 'orders', partition: 2, key: Buffer.from('k'), value: Buffer.from('v'), timestamp: T0 }], { transactionalId: 'tx-1' })
await body('Fetch', 17, 'consumer/fetch', 500, 1, 10485760, 1, 0, -1, [{ topicId: ID, partitions: [{ partition: 0, currentLeaderEpoch: 3, fetchOffset: 42n, lastFetchedEpoch: -1, partitionMaxBytes: 1048576 }] }], [{ topic: ID, partitions: [1, 2] }], 'eu-1a')
await body('ListOffsets', 9, 'consumer/list-offsets', -1, 1, [{ name: 'orders', partitions: [{ partitionIndex: 0, currentLeaderEpoch: 3, timestamp: -1n }] }])
await body('JoinGroup', 9, 'consumer/join-group', 'billing', 30000, 60000, '', null, 'consumer', [{ name: 'range', metadata: Buffer.from([0, 1]) }], 'started')
await body('SyncGroup', 5, 'consumer/sync-group', 'billing', 4, 'm-1', null, 'consumer', 'range', [{ memberId: 'm-1', assignment: Buffer.from('abc') }])
await body('Heartbeat', 4, 'consumer/heartbeat', 'billing', 4, 'm-1', 'till-1')
await body('LeaveGroup', 5, 'consumer/leave-group', 'billing', [{ memberId: 'm-1', groupInstanceId: null, reason: 'done' }])
await body('OffsetCommit', 9, 'consumer/offset-commit', 'billing', 4, 'm-1', null, [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: 3, committedMetadata: 'note' }] }])
await body('OffsetFetch', 9, 'consumer/offset-fetch', [{ groupId: 'billing', memberId: 'm-1', memberEpoch: 5, topics: [{ name: 'orders', partitionIndexes: [0, 1] }] }], true)
await body('CreateTopics', 7, 'admin/create-topics', [{ name: 'orders', numPartitions: 3, replicationFactor: 2, assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }], configs: [{ name: 'cleanup.policy', value: 'compact' }] }], 15000, true)

await body('InitProducerId', 5, 'producer/init-producer-id', 'tx-1', 60000, 4711n, 3)
await body('AddPartitionsToTxn', 3, 'producer/add-partitions-to-txn', [{ transactionalId: 'tx-1', producerId: 4711n, producerEpoch: 3, topics: [{ name: 'orders', partitions: [0, 1] }] }])
await body('AddPartitionsToTxn', 5, 'producer/add-partitions-to-txn', [{ transactionalId: 'tx-1', producerId: 4711n, producerEpoch: 3, verifyOnly: true, topics: [{ name: 'orders', partitions: [0, 1] }] }])
await body('AddOffsetsToTxn', 4, 'producer/add-offsets-to-txn', 'tx-1', 4711n, 3, 'billing')
await body('TxnOffsetCommit', 4, 'producer/txn-offset-commit', 'tx-1', 'billing', 4711n, 3, 4, 'm-1', 'till-1', [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: 3, committedMetadata: 'note' }] }])
await body('EndTxn', 4, 'producer/end-txn', 'tx-1', 4711n, 3, false)
await body('DescribeProducers', 0, 'admin/describe-producers', [{ name: 'orders', partitionIndexes: [0, 1] }])
await body('DescribeTransactions', 0, 'admin/describe-transactions', ['tx-1', 'tx-2'])
await body('ListTransactions', 2, 'admin/list-transactions', ['Ongoing'], [4711n], 1000n, 'tx-.*')

await body('DeleteTopics', 6, 'admin/delete-topics', [{ name: 'orders', topicId: '00000000-0000-0000-0000-000000000000' }, { name: null, topicId: ID }], 15000)
await body('DeleteRecords', 2, 'admin/delete-records', [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 42n }] }], 15000)
await body('CreatePartitions', 3, 'admin/create-partitions', [{ name: 'orders', count: 6, assignments: [{ brokerIds: [1, 2] }] }], 15000, true)
await body('DescribeConfigs', 4, 'admin/describe-configs', [{ resourceType: 2, resourceName: 'orders', configurationKeys: ['retention.ms'] }, { resourceType: 4, resourceName: '1', configurationKeys: null }], true, true)
await body('AlterConfigs', 2, 'admin/alter-configs', [{ resourceType: 2, resourceName: 'orders', configs: [{ name: 'retention.ms', value: '1000' }] }], true)
await body('IncrementalAlterConfigs', 1, 'admin/incremental-alter-configs', [{ resourceType: 2, resourceName: 'orders', configs: [{ name: 'cleanup.policy', configOperation: 2, value: 'compact' }, { name: 'retention.ms', configOperation: 1, value: null }] }], true)
await body('AlterPartitionReassignments', 1, 'admin/alter-partition-reassignments', 15000, false, [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas: [2, 3] }, { partitionIndex: 1, replicas: null }] }])
await body('ListPartitionReassignments', 0, 'admin/list-partition-reassignments', 15000, [{ name: 'orders', partitionIndexes: [0, 1] }])
await body('DescribeCluster', 1, 'admin/describe-cluster', true, 2)
await body('DescribeLogDirs', 4, 'admin/describe-log-dirs', [{ name: 'orders', partitions: [0, 1] }])
await body('DescribeTopicPartitions', 0, 'admin/describe-topic-partitions', [{ name: 'orders' }], 100, { topicName: 'orders', partitionIndex: 4 })
await body('UpdateFeatures', 1, 'admin/update-features', 15000, [{ feature: 'metadata.version', maxVersionLevel: 25, upgradeType: 2 }], true)
await body('UnregisterBroker', 0, 'admin/unregister-broker', 3)

await body('DescribeGroups', 5, 'admin/describe-groups', ['billing', 'audit'], true)
await body('ListGroups', 5, 'admin/list-groups', ['Stable'], ['classic', 'consumer'])
await body('DeleteGroups', 2, 'admin/delete-groups', ['billing', 'audit'])
await body('OffsetDelete', 0, 'admin/offset-delete', 'billing', [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }])
await body('ConsumerGroupHeartbeat', 1, 'consumer/consumer-group-heartbeat', 'billing', 'm-1', 5, 'till-1', 'eu-1a', 60000, ['orders'], 'pay.*', 'uniform', [{ topicId: ID, partitions: [0, 1] }])
await body('ConsumerGroupHeartbeat', 0, 'consumer/consumer-group-heartbeat', 'billing', 'm-1', 5, null, null, -1, null, null, null)
await body('ConsumerGroupDescribe', 0, 'admin/consumer-group-describe', ['billing'], true)

await body('DescribeAcls', 3, 'admin/describe-acls', { resourceType: 2, resourceName: 'orders', resourcePatternType: 3, principal: null, host: '*', operation: 3, permissionType: 3 })
await body('CreateAcls', 3, 'admin/create-acls', [{ resourceType: 2, resourceName: 'orders', resourcePatternType: 4, principal: 'User:ann', host: '*', operation: 3, permissionType: 3 }])
await body('DeleteAcls', 3, 'admin/delete-acls', [{ resourceType: 2, resourceName: 'orders', resourcePatternType: 1, principal: null, host: null, operation: 1, permissionType: 1 }])
await body('AlterClientQuotas', 1, 'admin/alter-client-quotas', [{ entities: [{ entityType: 'user', entityName: 'ann' }, { entityType: 'client-id', entityName: null }], ops: [{ key: 'producer_byte_rate', value: 1024.5, remove: false }] }], true)
await body('DescribeUserScramCredentials', 0, 'admin/describe-user-scram-credentials', [{ name: 'ann' }])
await body('SaslAuthenticate', 2, 'security/sasl-authenticate', Buffer.from('secret'))
