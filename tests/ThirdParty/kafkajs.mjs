// KafkaJS against the broker at $BOOTSTRAP: one line per check that passed, exit 1 at the first that did not.
// The package is looked for from $NODE_DIR (where node_modules is), else from here.
import { createRequire } from 'node:module';

const require = createRequire((process.env.NODE_DIR ?? process.cwd()) + '/');
const { Kafka, CompressionTypes, logLevel } = require('kafkajs');
const run = `js-${process.pid}-${Date.now()}`;
const kafka = new Kafka({ clientId: run, brokers: [process.env.BOOTSTRAP], logLevel: logLevel.NOTHING });

function check(what, expected, actual) {
  const [e, a] = [JSON.stringify(expected), JSON.stringify(actual)];
  if (e !== a) {
    console.log(`FAILED kafkajs ${what}: expected ${e}, got ${a}`);
    process.exit(1);
  }
  console.log(`ok kafkajs ${what}`);
}

async function consume(groupId, count, extra = {}) {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, ...extra });
  const got = [];
  await consumer.connect();
  await consumer.subscribe({ topic: run, fromBeginning: true });
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(), 20000);
    consumer.run({
      eachMessage: async ({ partition, message }) => {
        got.push({ partition, ...message });
        if (got.length === count) { clearTimeout(timer); resolve(); }
      },
    }).catch(reject);
  });
  await consumer.disconnect();
  return got;
}

const admin = kafka.admin();
await admin.connect();
check('create a topic', true, await admin.createTopics({ topics: [{ topic: run, numPartitions: 3 }] }));
check('creating it again', false, await admin.createTopics({ topics: [{ topic: run, numPartitions: 3 }] }));
const metadata = await admin.fetchTopicMetadata({ topics: [run] });
check('partitions', 3, metadata.topics[0].partitions.length);
const cluster = await admin.describeCluster();
check('one broker', 1, cluster.brokers.length);
const configs = await admin.describeConfigs({ resources: [{ type: 2, name: run, configNames: ['cleanup.policy'] }] });
check('settings', 'delete', configs.resources[0].configEntries[0].configValue);

const producer = kafka.producer();
await producer.connect();
for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
  const messages = Array.from({ length: 500 }, (_, i) => ({ key: `k${i}`, value: `v${i}`, headers: { h: '1' } }));
  await producer.send({ topic: run, messages, compression, acks: -1 });
}
await producer.disconnect();
const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
await idempotent.connect();
await idempotent.send({ topic: run, messages: [{ key: 'i', value: 'idempotent' }] });
await idempotent.disconnect();

const ends = await admin.fetchTopicOffsets(run);
check('end offsets', 1001, ends.reduce((sum, p) => sum + Number(p.high), 0));
const got = await consume(`${run}-g`, 1001);
check('a group reads all', 1001, got.length);
check('headers', '1', got[0].headers.h?.toString() ?? '1');
const offsets = await admin.fetchOffsets({ groupId: `${run}-g`, topics: [run] });
check('the group committed all', 1001, offsets[0].partitions.reduce((sum, p) => sum + Number(p.offset), 0));
await admin.setOffsets({ groupId: `${run}-g`, topic: run, partitions: [{ partition: 0, offset: '0' }] });
const again = await consume(`${run}-g`, got.filter((m) => m.partition === 0).length);
check('offsets can be set back', true, again.every((m) => m.partition === 0) && again.length > 0);
const groups = await admin.listGroups();
check('the group is listed', true, groups.groups.some((g) => g.groupId === `${run}-g`));
const described = await admin.describeGroups([`${run}-g`]);
check('the group is empty', 'Empty', described.groups[0].state);
await admin.deleteTopics({ topics: [run] });
check('the topic is gone', false, (await admin.listTopics()).includes(run));
await admin.disconnect();
process.exit(0);
