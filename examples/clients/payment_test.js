// The payment service of payment_test.py, with kafkajs:
//
//     examples/clients/with-squall node examples/clients/payment_test.js
//
// The wrong service commits an order before it has paid it. Without a fault nobody notices; in the storm that the test asks
// for, it dies between the two, and what it had committed is never paid.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { Kafka, logLevel } = require('kafkajs');

const brokers = process.env.SQUALL_BOOTSTRAP.split(',');
const orders = Array.from({ length: 30 }, (_, i) => i);
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

async function control(method, path, body) {
  const answer = await fetch(process.env.SQUALL_CONTROL + path, { method, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, await answer.clone().text());
  return answer.json();
}

const kafka = (clientId, retries) => new Kafka({ clientId, brokers, logLevel: logLevel.NOTHING,
  retry: { retries, initialRetryTime: 50, maxRetryTime: 200 } });

// Reads orders, writes payments; dies where it cannot pay.
class PaymentService {
  constructor(name, { commitsFirst }) {
    Object.assign(this, { name, commitsFirst, handled: 0 });
    this.consumer = kafka(name, 10).consumer({ groupId: name, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100 });
    this.producer = kafka(name, 2).producer();
    this.death = new Promise(resolve => { this.die = resolve; });
  }

  async start(afterEach) {
    await Promise.all([this.consumer.connect(), this.producer.connect()]);
    await this.consumer.subscribe({ topic: `${this.name}-orders`, fromBeginning: true });
    await this.consumer.run({ autoCommit: false, eachMessage: async ({ topic, partition, message }) => {
      if (this.isDead) return;
      const commit = () => this.consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
      try {
        if (this.commitsFirst) await commit();
        await this.producer.send({ topic: `${this.name}-payments`, acks: -1, messages: [{ value: message.value }] });
        if (!this.commitsFirst) await commit();
      } catch (error) {
        this.isDead = true;
        this.die(error);
        return;
      }
      await afterEach();
    } });
  }

  async stop() {
    await Promise.all([this.consumer.disconnect(), this.producer.disconnect()]);
  }
}

// Which orders were paid, and how often the service died.
async function runInAStorm(name, options) {
  const admin = kafka('admin', 10).admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: ['orders', 'payments'].map(topic =>
    ({ topic: `${name}-${topic}`, numPartitions: 1, replicationFactor: 3 })) });
  const shop = kafka('shop', 10).producer();
  await shop.connect();
  await shop.send({ topic: `${name}-orders`, acks: -1, messages: orders.map(number => ({ value: String(number) })) });

  let handled = 0, deaths = 0, isOver = false;
  const afterEach = async () => {
    handled += 1;
    if (handled === 5) {
      // From here on every payment's connection breaks before the broker has read it.
      await control('POST', '/faults', { id: name, kind: 'reset', target: `leader(${name}-payments-0)`,
        peer: `outside-${name}`, label: 'Produce', per_million: 1000000 });
    }
  };
  const allCommitted = (async () => {
    const lagOf = groups => (groups.find(g => g.group === name && g.offsets.length > 0) || { lag: 1 }).lag;
    while (lagOf((await control('GET', '/groups')).groups) !== 0) await sleep(100);
    isOver = true;
  })();
  while (!isOver) {
    const service = new PaymentService(name, options);
    await service.start(afterEach);
    await Promise.race([service.death, allCommitted]);
    await service.stop();
    if (service.isDead) {
      deaths += 1;
      await control('DELETE', `/faults/${name}`);
    }
  }

  const [{ high }] = await admin.fetchTopicOffsets(`${name}-payments`);
  const paid = new Set();
  let seen = 0;
  const audit = kafka(`${name}-audit`, 10).consumer({ groupId: `${name}-audit`, maxWaitTimeInMs: 100 });
  await audit.connect();
  await audit.subscribe({ topic: `${name}-payments`, fromBeginning: true });
  await audit.run({ eachMessage: async ({ message }) => { paid.add(Number(message.value)); seen += 1; } });
  while (seen < Number(high)) await sleep(50);
  for (const each of [audit, shop, admin]) await each.disconnect();
  return { unpaid: orders.filter(number => !paid.has(number)), deaths };
}

test('the service pays every order', async () => {
  const { unpaid, deaths } = await runInAStorm('payment', { commitsFirst: false });
  assert.ok(deaths > 0);
  assert.deepStrictEqual(unpaid, []);
});

// So that this example can be a test of ours, the wrong service is expected to be found.
test('the hasty service does not, and is found', async () => {
  const { unpaid } = await runInAStorm('hasty', { commitsFirst: true });
  assert.notDeepStrictEqual(unpaid, []);
});
