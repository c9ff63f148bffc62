// kafka-node 5 against `squall serve`: it writes and reads message sets of magic 0 and 1 only.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { need, sleep, until, withSquall } = require('./squall_server.js');

const kafka = need('kafka-node');

const codecs = [['none', 0], ['gzip', 1]];
try {
  require('snappy');
  codecs.push(['snappy', 2]);
} catch (error) { /* it is compiled when it is installed, and need not be there */ }

async function connect(squall, clientId) {
  const client = new kafka.KafkaClient({ kafkaHost: squall.bootstrap.join(','), clientId, connectRetryOptions: { minTimeout: 100 } });
  await new Promise((resolve, reject) => client.once('ready', resolve).once('error', reject));
  return client;
}

async function write(squall, payloads, attributes) {
  const client = await connect(squall, 'writer');
  const producer = new kafka.Producer(client, { requireAcks: -1 });
  const send = promisify(producer.send.bind(producer));
  const told = await send(payloads.map(payload => ({ topic: 'orders', partition: 0, attributes, ...payload })));
  await promisify(client.close.bind(client))();
  return told;
}

const makeTopic = async squall => {
  const client = await connect(squall, 'admin');
  await promisify(client.createTopics.bind(client))([{ topic: 'orders', partitions: 1, replicationFactor: 3 }]);
  await promisify(client.close.bind(client))();
};

test('writes and reads in every codec that it has', () => withSquall(async squall => {
  await makeTopic(squall);
  const expected = [];
  for (const [name, attributes] of codecs) {
    const messages = Array.from({ length: 10 }, (_, i) => `${name}-${i}`);
    const told = await write(squall, [{ messages: messages.map(m => new kafka.KeyedMessage('key', m)) }], attributes);
    assert.deepStrictEqual(told, { orders: { 0: expected.length } });
    expected.push(...messages);
  }
  const seen = [];
  const client = await connect(squall, 'reader');
  const consumer = new kafka.Consumer(client, [{ topic: 'orders', partition: 0, offset: 0 }],
    { autoCommit: false, fromOffset: true, fetchMaxWaitMs: 100 });
  consumer.on('message', message => seen.push(message)).on('error', error => seen.push(error));
  await until('everything', () => seen.length >= expected.length);
  assert.deepStrictEqual(seen.map(m => m.value), expected);
  assert.deepStrictEqual(seen.map(m => m.offset), expected.map((_, i) => i));
  assert.strictEqual(String(seen[0].key), 'key');
  await promisify(consumer.close.bind(consumer))(false);
}));

test('reads in a group, and goes on where it was', () => withSquall(async squall => {
  await makeTopic(squall);
  await write(squall, [{ messages: ['0', '1', '2', '3', '4'] }], 0);
  const seen = [];
  const readAll = async count => {
    const group = new kafka.ConsumerGroup({ kafkaHost: squall.bootstrap.join(','), groupId: 'readers', id: 'readers',
      sessionTimeout: 6000, heartbeatInterval: 500, fromOffset: 'earliest', autoCommit: false, fetchMaxWaitMs: 100 }, ['orders']);
    group.on('message', message => seen.push(message.value)).on('error', () => {});
    await until(`${count} messages`, () => seen.length >= count);
    await promisify(group.commit.bind(group))(true);
    await promisify(group.close.bind(group))(true);
  };
  await readAll(5);
  await write(squall, [{ messages: ['5', '6', '7'] }], 1);
  await readAll(8);
  assert.deepStrictEqual(seen, ['0', '1', '2', '3', '4', '5', '6', '7']);
  assert.strictEqual(await squall.lag('readers'), 0);
}));

test('loses nothing acknowledged while its leader crashes', () => withSquall(async squall => {
  await makeTopic(squall);
  const client = await connect(squall, 'writer');
  const producer = new kafka.Producer(client, { requireAcks: -1 });
  producer.on('error', () => {});
  client.on('error', () => {});
  const acknowledged = [];
  const send = number => new Promise(resolve => {
    const giveUp = setTimeout(resolve, 3000);
    producer.send([{ topic: 'orders', partition: 0, messages: [String(number)] }], error => {
      clearTimeout(giveUp);
      if (!error) acknowledged.push(String(number));
      resolve();
    });
  });
  const deadline = Date.now() + 30000;
  for (let number = 0; acknowledged.length < 60; ++number) {
    assert.ok(Date.now() < deadline, `${acknowledged.length} acknowledged`);
    if (number === 20) await squall.strike('crash', 'leader(orders-0)', { for: '2s' });
    await send(number);
    await sleep(20);
  }
  const seen = new Set();
  const reader = await connect(squall, 'reader');
  const consumer = new kafka.Consumer(reader, [{ topic: 'orders', partition: 0, offset: 0 }],
    { autoCommit: false, fromOffset: true, fetchMaxWaitMs: 100 });
  consumer.on('message', message => seen.add(message.value)).on('error', () => {});
  await until('whatever was acknowledged', () => acknowledged.every(value => seen.has(value)));
  await promisify(consumer.close.bind(consumer))(false);
  await promisify(client.close.bind(client))();
}));
