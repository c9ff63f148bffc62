// @platformatic/kafka against `squall serve`: a client of today, which has the consumer protocol (KIP-848).
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');
const zlib = require('node:zlib');
const { lack, need, sleep, until, withSquall } = require('./squall_server.js');

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.log(`skipped: @platformatic/kafka needs Node.js 20, and this is ${process.version}`);
  process.exit(77);
}
// It has modules of the new kind alone, which are not looked up in NODE_PATH.
const home = (process.env.NODE_PATH || '').split(path.delimiter).map(folder => path.join(folder, '@platformatic/kafka'))
  .find(folder => fs.existsSync(folder));
if (!home) lack('@platformatic/kafka');
const { exports: main } = JSON.parse(fs.readFileSync(path.join(home, 'package.json')));
// Its zstd is Node's, which has it from 22.15 on: before, Node gets one.
const zstd = need('@bokuweb/zstd-wasm');
const loaded = zstd.init().then(() => {
  zlib.zstdCompressSync ||= data => Buffer.from(zstd.compress(data));
  zlib.zstdDecompressSync ||= data => Buffer.from(zstd.decompress(data));
  return import(pathToFileURL(path.join(home, main)));
});

const numbered = (name, count) => Array.from({ length: count },
  (_, i) => ({ topic: 'orders', key: `key${i}`, value: `${name}-${i}`, headers: { codec: name } }));

async function makeTopic(squall, partitions = 3) {
  const { Admin } = await loaded;
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers: squall.bootstrap });
  await admin.createTopics({ topics: ['orders'], partitions, replicas: 3 });
  assert.deepStrictEqual(await admin.listTopics(), ['orders']);
  await admin.close();
}

async function producer(squall, options = {}) {
  const { Producer, stringSerializers } = await loaded;
  return new Producer({ clientId: 'writer', bootstrapBrokers: squall.bootstrap, serializers: stringSerializers, ...options });
}

// Reads in a group of two until everything was seen; what was seen is committed.
async function readAll(squall, groupProtocol, expected) {
  const { Consumer, stringDeserializers } = await loaded;
  const seen = [];
  const consumers = [];
  for (const clientId of ['reader-1', 'reader-2']) {
    const consumer = new Consumer({ clientId, groupId: `readers-${groupProtocol}`, bootstrapBrokers: squall.bootstrap,
      deserializers: stringDeserializers, autocommit: false, groupProtocol, sessionTimeout: 6000, heartbeatInterval: 500 });
    const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', maxWaitTime: 100 });
    stream.on('error', () => {});
    stream.on('data', message => { seen.push(message.value); message.commit(); });
    consumers.push(consumer);
  }
  await until(`${expected.length} records by ${groupProtocol}`, () => new Set(seen).size >= expected.length);
  await until('its commits', async () => await squall.lag(`readers-${groupProtocol}`) === 0);
  for (const consumer of consumers) await consumer.close(true);
  assert.deepStrictEqual([...new Set(seen)].sort(), [...expected].sort());
}

test('writes in every codec, and reads in groups of both protocols', () => withSquall(async squall => {
  await makeTopic(squall);
  const expected = [];
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const writer = await producer(squall, { compression, idempotent: true });
    const messages = numbered(compression, 20);
    await writer.send({ messages, acks: -1 });
    await writer.close();
    expected.push(...messages.map(message => message.value));
  }
  await readAll(squall, 'classic', expected);
  await readAll(squall, 'consumer', expected);
}));

test('loses nothing acknowledged while its leader crashes', () => withSquall(async squall => {
  await makeTopic(squall, 1);
  const writer = await producer(squall, { retries: 100, retryDelay: 100 });
  const acknowledged = [];
  for (let number = 0; acknowledged.length < 60; ++number) {
    if (number === 20) await squall.strike('crash', 'leader(orders-0)', { for: '2s' });
    try {
      await writer.send({ messages: [{ topic: 'orders', key: 'key', value: String(number) }], acks: -1 });
      acknowledged.push(String(number));
    } catch (error) { /* then nobody may rely on it */ }
    await sleep(20);
    assert.ok(number < 1000, `${acknowledged.length} acknowledged`);
  }
  await writer.close(true);
  const { Consumer, stringDeserializers } = await loaded;
  const reader = new Consumer({ clientId: 'reader', groupId: 'readers', bootstrapBrokers: squall.bootstrap,
    deserializers: stringDeserializers, autocommit: false });
  const seen = new Set();
  const stream = await reader.consume({ topics: ['orders'], mode: 'earliest', maxWaitTime: 100 });
  stream.on('error', () => {});
  stream.on('data', message => seen.add(message.value));
  await until('whatever was acknowledged', () => acknowledged.every(value => seen.has(value)));
  await reader.close(true);
}));
