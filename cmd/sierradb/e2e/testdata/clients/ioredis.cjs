// ioredis against a server on PORT, with the library's defaults.
const assert = require('node:assert/strict');
const Redis = require('ioredis');

const payload = '{"name":"Zoë"}\r\n$-1\r\n\x00\x01';

// A map comes as keys and values by turns.
function pairs(reply) {
  assert.ok(Array.isArray(reply) && reply.length % 2 === 0, String(reply));
  const out = {};
  for (let i = 0; i < reply.length; i += 2) out[reply[i]] = reply[i + 1];
  return out;
}

async function main() {
  const client = new Redis({ port: Number(process.env.PORT) });
  client.on('error', (err) => { console.error(err); process.exit(1); });
  assert.equal(await client.ping(), 'PONG');

  const appended = pairs(await client.call('EAPPEND', 'user-123', 'UserCreated', 'PAYLOAD', payload));
  assert.equal(appended.stream_version, 0);
  assert.equal(appended.partition_id, 21); // that of "user-123" among 32

  const scanned = pairs(await client.call('ESCAN', 'user-123', '-', '+', 'COUNT', '100'));
  assert.equal(scanned.has_more, 0);
  assert.equal(scanned.events.length, 1);
  const event = pairs(scanned.events[0]);
  assert.equal(event.payload, payload);
  assert.equal(event.metadata, '');
  assert.equal(event.event_id, appended.event_id);

  assert.deepEqual(pairs(await client.call('EGET', appended.event_id)), event);
  assert.equal(await client.call('EGET', '550e8400-e29b-41d4-a716-446655440000'), null);
  await assert.rejects(client.call('EAPPEND', 'user-123', 'UserCreated', 'EXPECTED_VERSION', 'empty'), /WRONGVER /);

  const pipeline = client.pipeline();
  for (let i = 0; i < 100; i++) pipeline.call('EAPPEND', 'user-123', 'UserRenamed');
  pipeline.call('ESVER', 'user-123');
  const replies = await pipeline.exec();
  replies.forEach(([err]) => assert.equal(err, null));
  assert.deepEqual(replies.slice(0, 100).map(([, r]) => pairs(r).stream_version), Array.from({ length: 100 }, (_, i) => i + 1));
  assert.equal(replies[100][1], 100);

  // A read that waits for the next event, which another connection appends.
  const writer = new Redis({ port: Number(process.env.PORT) });
  writer.on('error', (err) => { console.error(err); process.exit(1); });
  assert.deepEqual(pairs(await client.call('EREAD', 'user-123', 'FROM', '101', 'BLOCK', '50')).events, []);
  const waiting = client.call('EREAD', 'user-123', 'FROM', '101', 'BLOCK', '20000');
  await writer.call('EAPPEND', 'user-123', 'UserLeft');
  const [left] = pairs(await waiting).events.map(pairs);
  assert.equal(left.stream_version, 101);
  assert.equal(left.event_name, 'UserLeft');
  await writer.quit();
  await client.quit();
  console.log('ioredis', require('ioredis/package.json').version, 'ok');
}

main().catch((err) => { console.error(err); process.exit(1); });
