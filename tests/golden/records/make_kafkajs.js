// Prints batches, message sets and requests as kafkajs encodes them: one "name hex" a line. Run where kafkajs is
// installed.
const src = `${process.cwd()}/node_modules/kafkajs/src`
const { RecordBatch } = require(`${src}/protocol/recordBatch/v0`)
const Record = require(`${src}/protocol/recordBatch/record/v0`)
const MessageSet = require(`${src}/protocol/messageSet`)
const encodeRequest = require(`${src}/protocol/request`)
const { requests } = require(`${src}/protocol/requests`)

const T0 = 1700000000000

const batch = async (name, records, options = {}) => {
  const encoded = await RecordBatch({
    firstTimestamp: T0,
    maxTimestamp: T0 + Math.max(...records.map(r => r.timestampDelta || 0)),
    lastOffsetDelta: records.length - 1,
    records: records.map((record, offsetDelta) => Record({ offsetDelta, timestampDelta: 0, ...record })),
    ...options,
  })
  console.log(`batch.${name}`, encoded.buffer.toString('hex'))
}

const request = async (name, version, fields) => {
  const message = requests[name].protocol({ version })
  const encoded = await encodeRequest({ correlationId: 17, clientId: 'squall', request: message(fields).request })
  // Without the length that precedes every frame.
  console.log(`request.${name}.${version}`, encoded.buffer.subarray(4).toString('hex'))
}

const main = async () => {
  await batch('one_record', [{ key: 'k', value: 'v' }])
  await batch('null_and_empty', [{ key: null, value: 'v' }, { key: 'k', value: null }, { key: '', value: '' }])
  await batch('headers', [{ key: 'k', value: 'v', headers: { 'trace-id': Buffer.from([0, 255, 16]), retry: ['1', '2'], empty: '' } }])
  await batch('unicode', [{ key: '注文-7', value: '¡olé! 🚀', headers: { ключ: '✓' } }])
  await batch('timestamps', [{ key: 'a', value: '1' }, { key: 'b', value: '2', timestampDelta: 5 }, { key: 'c', value: '3', timestampDelta: 86400000 * 60 }])
  await batch('many', Array.from({ length: 70 }, (_, i) => ({ key: `customer-${i % 5}`, value: 'x'.repeat(i), timestampDelta: 7 * i })))
  await batch('idempotent', [{ key: 'k', value: '0' }, { key: 'k', value: '1' }, { key: 'k', value: '2' }], { producerId: 4711, producerEpoch: 3, firstSequence: 2147483646 })
  await batch('transactional', [{ key: 'k', value: 'v' }], { transactional: true, producerId: 9000000000, producerEpoch: 0, firstSequence: 0 })
  await batch('placed', [{ key: 'k', value: 'v' }], { firstOffset: 123456789012, partitionLeaderEpoch: 7 })
  await batch('gzip', Array.from({ length: 20 }, () => ({ key: 'k', value: 'v'.repeat(50) })), { compression: 1 })

  await request('Metadata', 6, { topics: ['orders', 'payments'], allowAutoTopicCreation: false })
  await request('Fetch', 11, { replicaId: -1, maxWaitTime: 500, minBytes: 1, maxBytes: 10485760, isolationLevel: 1, rackId: 'eu-1a', topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 42, maxBytes: 1048576 }] }] })
  await request('ListOffsets', 3, { replicaId: -1, isolationLevel: 1, topics: [{ topic: 'orders', partitions: [{ partition: 0, timestamp: -1 }, { partition: 1, timestamp: T0 }] }] })
  // FindCoordinator's older name.
  await request('GroupCoordinator', 2, { groupId: 'billing', coordinatorType: 0 })
  await request('JoinGroup', 5, { groupId: 'billing', sessionTimeout: 30000, rebalanceTimeout: 60000, memberId: '', groupInstanceId: 'till-1', protocolType: 'consumer', groupProtocols: [{ name: 'range', metadata: Buffer.from([0, 1]) }] })
  await request('SyncGroup', 3, { groupId: 'billing', generationId: 4, memberId: 'm-1', groupInstanceId: null, groupAssignment: [{ memberId: 'm-1', memberAssignment: Buffer.from('abc') }] })
  await request('Heartbeat', 3, { groupId: 'billing', groupGenerationId: 4, memberId: 'm-1', groupInstanceId: null })
  await request('LeaveGroup', 3, { groupId: 'billing', memberId: 'm-1', groupInstanceId: 'till-1' })
  await request('OffsetCommit', 5, { groupId: 'billing', groupGenerationId: 4, memberId: 'm-1', topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 7, metadata: 'note' }, { partition: 1, offset: 9, metadata: null }] }] })
  await request('OffsetFetch', 4, { groupId: 'billing', topics: [{ topic: 'orders', partitions: [{ partition: 0 }, { partition: 1 }] }] })
  await request('CreateTopics', 3, { topics: [{ topic: 'orders', numPartitions: 3, replicationFactor: 2, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }], timeout: 15000, validateOnly: true })
  await request('ApiVersions', 2, {})

  // Without compression this client writes offset -1 for every message.
  const entries = [{ key: 'k', value: 'v', timestamp: T0 }, { key: null, value: '', timestamp: T0 + 5 }]
  for (const messageVersion of [0, 1]) {
    console.log(`set.plain.${messageVersion}`, MessageSet({ messageVersion, entries, compression: 0 }).buffer.toString('hex'))
  }
  const topicData = [{ topic: 'orders', partitions: [{ partition: 2, messages: entries }] }]
  await request('Produce', 0, { acks: -1, timeout: 30000, topicData })
  await request('Produce', 2, { acks: -1, timeout: 30000, topicData })

  const transaction = { transactionalId: 'tx-1', producerId: 4711, producerEpoch: 3 }
  const topics = [{ topic: 'orders', partitions: [0, 1] }]
  await request('InitProducerId', 1, { transactionalId: 'tx-1', transactionTimeout: 60000 })
  await request('AddPartitionsToTxn', 1, { ...transaction, topics })
  await request('AddOffsetsToTxn', 1, { ...transaction, groupId: 'billing' })
  await request('TxnOffsetCommit', 1, { ...transaction, groupId: 'billing', topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 7, metadata: 'note' }] }] })
  await request('EndTxn', 1, { ...transaction, transactionResult: true })

  await request('DeleteTopics', 1, { topics: ['orders', 'payments'], timeout: 15000 })
  await request('DeleteRecords', 1, { topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 42 }, { partition: 1, offset: -1 }] }], timeout: 15000 })
  await request('CreatePartitions', 1, { topicPartitions: [{ topic: 'orders', count: 6, assignments: [[1, 2], [2, 3]] }], timeout: 15000, validateOnly: true })
  await request('DescribeConfigs', 2, { resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }], includeSynonyms: true })
  await request('AlterConfigs', 1, { resources: [{ type: 2, name: 'orders', configEntries: [{ name: 'retention.ms', value: '1000' }] }], validateOnly: true })
  await request('AlterPartitionReassignments', 0, { topics: [{ topic: 'orders', partitionAssignment: [{ partition: 0, replicas: [2, 3] }] }], timeout: 15000 })
  await request('ListPartitionReassignments', 0, { topics, timeout: 15000 })
  await request('DescribeGroups', 2, { groupIds: ['billing', 'audit'] })
  await request('ListGroups', 2, {})
  await request('DeleteGroups', 1, ['billing', 'audit'])
}
main()
