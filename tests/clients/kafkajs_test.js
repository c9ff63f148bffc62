// kafkajs against `squall serve`.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { hasKcat, kcat, need, sleep, until, withSquall } = require('./squall_server.js');

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = need('kafkajs');

// kafkajs itself has gzip; its plug-ins for lz4 and zstd want a compiler, so these are made of what wants none.
const lz4 = need('lz4js');
const zstd = need('@bokuweb/zstd-wasm');
const zstdIsReady = zstd.init();
CompressionCodecs[CompressionTypes.Snappy] = need('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async encoder => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(lz4.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => { await zstdIsReady; return Buffer.from(zstd.compress(encoder.buffer)); },
  decompress: async buffer => { await zstdIsReady; return Buffer.from(zstd.decompress(buffer)); },
});
const codecs = Object.entries(CompressionTypes).map(([name, type]) => ({ name: name.toLowerCase(), type }));

const client = (squall, clientId, { requestTimeout = 30000, retries = 20 } = {}) => new Kafka({
  clientId, brokers: squall.bootstrap, logLevel: logLevel.NOTHING, requestTimeout,
  retry: { initialRetryTime: 50, retries, maxRetryTime: 500 },
});

async function makeTopic(squall, topic, numPartitions = 1) {
  const admin = client(squall, 'admin').admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, replicationFactor: 3 }] });
  return admin;
}

// Reads into `seen`; resolves to the consumer.
async function read(squall, groupId, topic, seen, { run = {}, ...settings } = {}) {
  const consumer = client(squall, groupId).consumer({
    groupId, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100, ...settings });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ partition, message }) => seen.push({ partition, ...message }), ...run });
  return consumer;
}

test('writes in every codec, reads from the beginning and by time', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders');
  const producer = client(squall, 'writer').producer();
  await producer.connect();
  const expected = [];
  const now = Date.now();
  for (const { type: compression } of codecs) {
    const messages = Array.from({ length: 20 }, (_, i) => ({
      key: `key-${i}`, value: `${compression}-${i}`, timestamp: String(now + 1000 * compression + i),
      headers: { codec: String(compression), twice: ['1', '2'] } }));
    const [{ errorCode }] = await producer.send({ topic: 'orders', acks: -1, compression, messages });
    assert.strictEqual(errorCode, 0);
    expected.push(...messages.map(m => m.value));
  }
  await producer.disconnect();
  const seen = [];
  const consumer = await read(squall, 'readers', 'orders', seen, { run: { autoCommitInterval: 100 } });
  await until('everything', () => seen.length === expected.length);
  assert.deepStrictEqual(seen.map(m => String(m.value)), expected);
  assert.strictEqual(String(seen[3].key), 'key-3');
  assert.deepStrictEqual(seen[0].headers.twice.map(String), ['1', '2']);
  const [byTime] = await admin.fetchTopicOffsetsByTimestamp('orders', now + 1005);
  assert.strictEqual(byTime.offset, '25');
  consumer.seek({ topic: 'orders', partition: 0, offset: byTime.offset });
  await until('again, from there', () => seen.length === expected.length * 2 - 25);
  assert.strictEqual(String(seen[expected.length].value), '1-5');
  await consumer.disconnect();
  await admin.disconnect();
}));

test('writes what librdkafka reads, and reads what it writes, in every codec', {
  skip: !hasKcat && 'kcat is not installed' }, () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders');
  const producer = client(squall, 'writer').producer();
  await producer.connect();
  const expected = [];
  for (const { name, type } of codecs) {
    const values = Array.from({ length: 20 }, (_, i) => `${name}-${i}-${'x'.repeat(i)}`);
    await producer.send({ topic: 'orders', acks: -1, compression: type, messages: values.map(value => ({ value })) });
    const others = values.map(value => `kcat-${value}`);
    await kcat(squall, ['-P', '-t', 'orders', '-p', '0', '-z', name], others.join('\n') + '\n');
    expected.push(...values, ...others);
  }
  await producer.disconnect();
  const printed = await kcat(squall, ['-C', '-t', 'orders', '-p', '0', '-o', 'beginning', '-e', '-q']);
  assert.deepStrictEqual(printed.trimEnd().split('\n'), expected);
  const messages = [];
  const consumer = await read(squall, 'readers', 'orders', messages);
  await until('everything', () => messages.length === expected.length);
  assert.deepStrictEqual(messages.map(m => String(m.value)), expected);
  await consumer.disconnect();
  await admin.disconnect();
}));

// Under auto commit a seek of kafkajs commits at once, before anything was read from there.
test('seeks forward and back under auto commit', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders');
  const producer = client(squall, 'writer').producer();
  await producer.connect();
  const write = (from, end) => producer.send({ topic: 'orders', acks: -1,
    messages: Array.from({ length: end - from }, (_, i) => ({ value: String(from + i) })) });
  await write(0, 100);
  const seen = [];
  const values = () => seen.map(m => Number(m.value));
  const consumer = await read(squall, 'readers', 'orders', seen, { run: { autoCommitInterval: 100 } });
  const seek = offset => consumer.seek({ topic: 'orders', partition: 0, offset: String(offset) });
  seek(60);
  await until('the end', () => values().includes(99));
  consumer.pause([{ topic: 'orders' }]);
  await sleep(500);
  await write(100, 200);
  seek(150);
  consumer.resume([{ topic: 'orders' }]);
  await until('the end again', () => values().includes(199));
  assert.deepStrictEqual(values().filter(value => value >= 100 && value < 150), []);
  seek(120);
  await until('what was left out', () => values().includes(149));
  await until('no lag', async () => (await squall.lag('readers')) === 0);
  for (const each of [consumer, producer, admin]) await each.disconnect();
}));

test('scales a group; commits by hand; another takes over', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders', 4);
  const producer = client(squall, 'writer').producer();
  await producer.connect();
  const write = values => producer.send({ topic: 'orders', acks: -1,
    messages: values.map(v => ({ key: String(v), value: String(v) })) });
  const first = [], second = [];
  const byHand = seen => {
    let consumer;
    const run = { autoCommit: false, eachMessage: async ({ topic, partition, message }) => {
      seen.push({ partition, ...message });
      await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
    } };
    return { run, is: made => { consumer = made; } };
  };
  const one = byHand(first), two = byHand(second);
  const starting = read(squall, 'readers', 'orders', first, one);
  one.is(await starting);
  await write(Array.from({ length: 50 }, (_, i) => i));
  await until('the first fifty', () => first.length === 50);
  const other = await read(squall, 'readers', 'orders', second, two);
  two.is(other);
  await until('a group of two', async () => (await admin.describeGroups(['readers'])).groups[0].members.length === 2);
  await until('both have something', async () => {
    await write(Array.from({ length: 20 }, (_, i) => 50 + i));
    return second.length > 0;
  });
  await other.disconnect();
  await write(Array.from({ length: 50 }, (_, i) => 100 + i));
  const all = () => new Set([...first, ...second].map(m => Number(m.value)));
  await until('everything', () => all().size === 120);
  await until('no lag', async () => (await squall.lag('readers')) === 0);
  await (await starting).disconnect();
  await producer.disconnect();
  await admin.disconnect();
}));

test('writes transactions, and an exactly-once pipeline', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders', 2);
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'payments', numPartitions: 1, replicationFactor: 3 }] });
  const plain = client(squall, 'writer').producer({ idempotent: true, maxInFlightRequests: 1 });
  await plain.connect();
  for (let i = 0; i < 40; i += 10) {
    await plain.send({ topic: 'orders', messages: Array.from({ length: 10 }, (_, k) => ({ key: String(i + k), value: String(i + k) })) });
  }
  const producer = client(squall, 'pipeline').producer({
    transactionalId: 'pipeline-0', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  // What is aborted is never seen.
  const aborted = await producer.transaction();
  await aborted.send({ topic: 'payments', messages: [{ value: 'aborted' }] });
  await aborted.abort();
  const consumer = client(squall, 'pipeline').consumer({
    groupId: 'pipeline', sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => {
    const transaction = await producer.transaction();
    await transaction.send({ topic: 'payments', messages: batch.messages.map(m => ({ key: m.key, value: `paid ${m.value}` })) });
    await transaction.sendOffsets({ consumerGroupId: 'pipeline', topics: [{ topic: batch.topic,
      partitions: [{ partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) }] }] });
    await transaction.commit();
  } });
  const seen = [];
  const audit = await read(squall, 'audit', 'payments', seen, { readUncommitted: false });
  await until('forty payments', () => seen.length >= 40);
  await until('no lag', async () => (await squall.lag('pipeline')) === 0);
  await sleep(300);
  assert.deepStrictEqual(seen.map(m => Number(String(m.value).slice(5))).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => i));
  for (const each of [consumer, audit, producer, plain, admin]) await each.disconnect();
}));

test('administers', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders', 2);
  assert.strictEqual(await admin.createTopics({ topics: [{ topic: 'orders' }] }), false);
  await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 3 }] });
  await until('three partitions', async () =>
    (await admin.fetchTopicMetadata({ topics: ['orders'] })).topics[0].partitions.length === 3);
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: 'orders',
    configEntries: [{ name: 'retention.ms', value: '70000' }] }] });
  const described = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }] });
  assert.strictEqual(described.resources[0].configEntries[0].configValue, '70000');
  const anyRule = { resourceType: 2, resourceName: 'orders', resourcePatternType: 3, operation: 1, permissionType: 1 };
  await assert.rejects(admin.describeAcls(anyRule), error => error.type === 'SECURITY_DISABLED');
  const seen = [];
  const producer = client(squall, 'writer').producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ partition: 0, value: 'x' }] });
  const consumer = await read(squall, 'readers', 'orders', seen);
  await until('one', () => seen.length === 1);
  await consumer.disconnect();
  assert.deepStrictEqual((await admin.listGroups()).groups.map(g => g.groupId), ['readers']);
  const [{ partitions }] = await admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] });
  assert.strictEqual(partitions.find(p => p.partition === 0).offset, '1');
  await admin.deleteGroups(['readers']);
  await admin.deleteTopics({ topics: ['orders'] });
  await until('no topic', async () => !(await admin.listTopics()).includes('orders'));
  assert.match(await squall.ask('/metrics'), /# EOF\n$/);
  await producer.disconnect();
  await admin.disconnect();
}));

test('loses nothing acknowledged while the cluster breaks', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders');
  const producer = client(squall, 'writer').producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const acknowledged = [], seen = [], failed = [];
  const consumer = await read(squall, 'readers', 'orders', seen);
  let stop = false;
  const writing = (async () => {
    for (let number = 0; !stop; ++number) {
      try {
        await producer.send({ topic: 'orders', acks: -1, messages: [{ value: String(number) }] });
        acknowledged.push(number);
      } catch (error) {
        failed.push(error.message);
      }
      await sleep(5);
    }
  })();
  await until('something read', () => seen.length > 0);
  // Each fault comes to its end, and then there is more: how fast is the machine's affair.
  const goesOn = async pause => {
    await sleep(pause);
    const before = acknowledged.length;
    await until('more to be acknowledged', () => acknowledged.length > before);
  };
  await squall.strike('crash', 'leader(orders-0)', { for: '3s' });
  await goesOn(4000);
  await squall.strike('restart', 'coordinator(readers)', { for: '2s' });
  await goesOn(3000);
  await squall.strike('stall', 'leader(orders-0)', { peer: 'outside-writer', for: '1s' });
  await goesOn(2000);
  await until('a hundred acknowledged', () => acknowledged.length > 100);
  stop = true;
  await writing;
  const values = () => new Set(seen.map(m => Number(m.value)));
  await until('whatever was acknowledged', () => acknowledged.every(number => values().has(number)));
  assert.deepStrictEqual(failed, []);
  for (const each of [consumer, producer, admin]) await each.disconnect();
}));

// One life of an application that pays exactly once: until `isOver`, or until something fails that kafkajs does not mend.
// A producer of which a transaction failed is stuck (tulios/kafkajs#1275), so that the next life makes new clients.
async function payExactlyOnce(squall, isOver, duringTransaction) {
  const kafka = client(squall, 'pipeline', { requestTimeout: 3000, retries: 8 });
  const producer = kafka.producer({ transactionalId: 'pipeline-0', idempotent: true, maxInFlightRequests: 1 });
  const consumer = kafka.consumer({
    groupId: 'pipeline', sessionTimeout: 6000, rebalanceTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100,
    // A consumer that restarts itself does so after disconnect() as well, and keeps partitions that it never gets on with.
    retry: { retries: 8, restartOnFailure: async () => false } });
  let isDying = false, die;
  const dead = new Promise(resolve => { die = () => { isDying = true; resolve(); }; });
  consumer.on(consumer.events.CRASH, die);
  const pay = async (topic, partition, messages) => {
    const transaction = await producer.transaction();
    // One topic after the other: kafkajs sends again to every leader that has not answered yet if one of several fails.
    for (const output of ['payments', 'receipts']) {
      await transaction.send({ topic: output, messages: messages.map(({ value }) => ({ value })) });
    }
    await duringTransaction();
    const offset = String(Number(messages[messages.length - 1].offset) + 1);
    await transaction.sendOffsets({ consumerGroupId: 'pipeline', topics: [{ topic, partitions: [{ partition, offset }] }] });
    await transaction.commit();
  };
  let running;
  try {
    await producer.connect();
    // The first transaction ends what the last life left open. Before the consumer asks where to start: kafkajs does not
    // wait for offsets that are still pending.
    await (await producer.transaction()).abort();
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    running = consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
      const { topic, partition, messages } = batch;
      for (let i = 0; i < messages.length && !isDying; i += 10) {
        const some = messages.slice(i, i + 10);
        try {
          await pay(topic, partition, some);
        } catch (error) {
          die();
          throw error;
        }
        resolveOffset(some[some.length - 1].offset);
        await heartbeat();
      }
    } });
    await Promise.race([dead, until('the end of this life', () => isDying || isOver(), 120000)]);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  } finally {
    // Nothing is left behind: what kafkajs is still at goes on after disconnect() (#1438), fences the next life's
    // producer, or joins the group although nobody wants it to (#1639). All of it gives up in its own time.
    isDying = true;
    await running;
    await consumer.disconnect();
    await producer.disconnect();
  }
}

test('pays exactly once while the cluster breaks', () => withSquall(async squall => {
  const admin = await makeTopic(squall, 'orders', 2);
  for (const topic of ['payments', 'receipts']) {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1, replicationFactor: 3 }] });
  }
  const plain = client(squall, 'writer').producer();
  await plain.connect();
  const orders = Array.from({ length: 240 }, (_, i) => i);
  await plain.send({ topic: 'orders', acks: -1, messages: orders.map(i => ({ value: String(i), partition: i % 2 })) });
  const storm = [
    () => squall.strike('crash', 'leader(payments-0)', { for: '5s' }),
    async () => squall.strike('restart', await squall.transactionCoordinator('pipeline-0'), { for: '2s' }),
    () => squall.strike('crash', 'coordinator(pipeline)', { for: '5s' }),
    () => squall.strike('stall', 'leader(receipts-0)', { peer: 'outside-pipeline', for: '2s' }),
    async () => squall.strike('stall', await squall.transactionCoordinator('pipeline-0'), { peer: 'outside-pipeline', for: '2s' }),
  ];
  let turn = 0;
  const duringTransaction = async () => {
    if (storm.length === 0 || ++turn % 3 !== 0) return;
    await storm[0]();
    storm.shift();
  };
  const isPaid = async () => {
    const { groups } = await squall.ask('/groups');
    const pipeline = groups.find(({ group }) => group === 'pipeline');
    return pipeline !== undefined && pipeline.offsets.reduce((sum, { committed }) => sum + committed, 0) === orders.length;
  };
  while (!(await isPaid())) await payExactlyOnce(squall, isPaid, duringTransaction);
  assert.strictEqual(storm.length, 0);
  for (const topic of ['payments', 'receipts']) {
    const seen = [];
    const consumer = await read(squall, `audit-${topic}`, topic, seen);
    await until(`all ${topic}`, () => seen.length >= orders.length, 90000);
    // One more, so that nothing is still to come before it.
    await plain.send({ topic, acks: -1, messages: [{ value: 'last' }] });
    await until(`the last of ${topic}`, () => String(seen[seen.length - 1].value) === 'last');
    assert.deepStrictEqual(seen.slice(0, -1).map(m => Number(m.value)).sort((a, b) => a - b), orders, topic);
    await consumer.disconnect();
  }
  for (const each of [plain, admin]) await each.disconnect();
}, '--set', 'cluster.config.broker.session.timeout.ms=3000', '--set', 'cluster.config.broker.heartbeat.interval.ms=500'));
