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
