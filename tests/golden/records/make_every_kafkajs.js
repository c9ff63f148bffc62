// Prints every request that kafkajs has, in all its versions: one "request.<api>.<version> hex" a line. Run where
// kafkajs is installed. What a version has no field for, it leaves out.
const src = `${process.cwd()}/node_modules/kafkajs/src`
const encodeRequest = require(`${src}/protocol/request`)
const { requests } = require(`${src}/protocol/requests`)

const T0 = 1700000000000
const group = { groupId: 'billing', groupGenerationId: 4, generationId: 4, memberId: 'm-1', groupInstanceId: 'till-1' }
const transaction = { transactionalId: 'tx-1', producerId: 4711, producerEpoch: 3 }
const topics = [{ topic: 'orders', partitions: [0, 1] }]
const offsets = [{ topic: 'orders', partitions: [{ partition: 0, offset: 7, timestamp: T0, metadata: 'note' }, { partition: 1, offset: 9, timestamp: T0, metadata: 'x' }] }]
const acl = { resourceType: 2, resourceName: 'orders', resourcePatternType: 3, principal: 'User:ann', host: '*', operation: 3, permissionType: 3 }
const messages = [{ key: 'k', value: 'v', timestamp: T0, headers: { h: '1' } }, { key: null, value: 'w', timestamp: T0 + 5 }]

const fields = {
  Produce: { acks: -1, timeout: 30000, ...transaction, compression: 0, topicData: [{ topic: 'orders', partitions: [{ partition: 2, firstSequence: 5, messages }] }] },
  Fetch: { replicaId: -1, isolationLevel: 1, sessionId: 77, sessionEpoch: 2, rackId: 'eu-1a', maxWaitTime: 500, minBytes: 1, maxBytes: 10485760,
    forgottenTopics: [{ topic: 'payments', partitions: [3, 4] }],
    topics: [{ topic: 'orders', partitions: [{ partition: 0, currentLeaderEpoch: 6, fetchOffset: 42, logStartOffset: 12, maxBytes: 1048576 }] }] },
  ListOffsets: { replicaId: -1, isolationLevel: 1, topics: [{ topic: 'orders', partitions: [{ partition: 0, timestamp: -1, maxNumOffsets: 3 }, { partition: 1, timestamp: T0, maxNumOffsets: 1 }] }] },
  Metadata: { topics: ['orders', 'payments'], allowAutoTopicCreation: true },
  OffsetCommit: { ...group, retentionTime: 60000, topics: offsets },
  OffsetFetch: { ...group, topics: [{ topic: 'orders', partitions: [{ partition: 0 }, { partition: 1 }] }] },
  GroupCoordinator: { ...group, coordinatorType: 1 },
  JoinGroup: { ...group, sessionTimeout: 30000, rebalanceTimeout: 60000, protocolType: 'consumer', groupProtocols: [{ name: 'range', metadata: Buffer.from([0, 1]) }] },
  Heartbeat: group,
  LeaveGroup: group,
  SyncGroup: { ...group, groupAssignment: [{ memberId: 'm-1', memberAssignment: Buffer.from('abc') }] },
  DescribeGroups: { groupIds: ['billing', 'audit'] },
  ListGroups: {},
  SaslHandshake: { mechanism: 'PLAIN' },
  ApiVersions: {},
  CreateTopics: { timeout: 15000, validateOnly: true, topics: [{ topic: 'orders', numPartitions: -1, replicationFactor: -1, replicaAssignment: [{ partition: 0, replicas: [1, 2] }], configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }] },
  DeleteTopics: { topics: ['orders', 'payments'], timeout: 15000 },
  DeleteRecords: { topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 42 }, { partition: 1, offset: -1 }] }], timeout: 15000 },
  InitProducerId: { ...transaction, transactionTimeout: 60000 },
  AddPartitionsToTxn: { ...transaction, topics },
  AddOffsetsToTxn: { ...transaction, groupId: 'billing' },
  EndTxn: { ...transaction, transactionResult: true },
  TxnOffsetCommit: { ...transaction, groupId: 'billing', topics: offsets },
  DescribeAcls: acl,
  CreateAcls: { creations: [acl, acl] },
  DeleteAcls: { filters: [acl] },
  DescribeConfigs: { resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }, { type: 4, name: '1', configNames: [] }], includeSynonyms: true },
  AlterConfigs: { resources: [{ type: 2, name: 'orders', configEntries: [{ name: 'retention.ms', value: '1000' }] }], validateOnly: true },
  SaslAuthenticate: { authBytes: Buffer.from('\0\0\0\x06secret') },
  CreatePartitions: { topicPartitions: [{ topic: 'orders', count: 6, assignments: [[1, 2], [2, 3]] }], timeout: 15000, validateOnly: true },
  DeleteGroups: ['billing', 'audit'],
  AlterPartitionReassignments: { topics: [{ topic: 'orders', partitionAssignment: [{ partition: 0, replicas: [2, 3] }] }], timeout: 15000 },
  ListPartitionReassignments: { topics, timeout: 15000 },
}

const main = async () => {
  for (const [name, { versions, protocol }] of Object.entries(requests)) {
    if (versions.length > 0 && !fields[name]) throw new Error(`no fields for ${name}`)
    for (const version of versions) {
      const { request } = await protocol({ version })(fields[name])
      const encoded = await encodeRequest({ correlationId: 17, clientId: 'squall', request })
      // Without the length that precedes every frame.
      console.log(`request.${name}.${version}`, encoded.buffer.subarray(4).toString('hex'))
    }
  }
}
main()
