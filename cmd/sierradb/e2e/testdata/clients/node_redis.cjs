// node-redis against a server on PORT; the argument 3 asks for RESP3, none
// leaves the library's default.
const assert = require('node:assert/strict');
const { createClient } = require('redis');

const payload = '{"name":"Zoë"}\r\n$-1\r\n\x00\x01';
const options = { url: `redis://localhost:${process.env.PORT}` };
if (process.argv[2]) options.RESP = Number(process.argv[2]);

// A map: an object with a prototype or without one, a Map, or, in RESP2, keys
// and values by turns.
function pairs(reply) {
  if (Array.isArray(reply)) {
    const out = {};
    for (let i = 0; i < reply.length; i += 2) out[reply[i]] = reply[i + 1];
    return out;
  }
  if (reply instanceof Map) return Object.fromEntries(reply);
  assert.equal(typeof reply, 'object');
  return { ...reply };
}

async function main() {
  const client = createClient(options);
  client.on('error', (err) => { throw err; });
  await client.connect();
  assert.equal(await client.ping(), 'PONG');

  const appended = pairs(await client.sendCommand(['EAPPEND', 'user-123', 'UserCreated', 'PAYLOAD', payload]));
  assert.equal(appended.stream_version, 0);
  assert.equal(appended.partition_id, 21); // that of "user-123" among 32

  const scanned = pairs(await client.sendCommand(['ESCAN', 'user-123', '-', '+', 'COUNT', '100']));
  assert.ok(scanned.has_more === false || scanned.has_more === 0, String(scanned.has_more));
  assert.equal(scanned.events.length, 1);
  const event = pairs(scanned.events[0]);
  assert.equal(event.payload, payload);
  assert.equal(event.metadata, '');
  assert.equal(event.event_id, appended.event_id);

  assert.deepEqual(pairs(await client.sendCommand(['EGET', appended.event_id])), event);
  assert.equal(await client.sendCommand(['EGET', '550e8400-e29b-41d4-a716-446655440000']), null);
  await assert.rejects(client.sendCommand(['EAPPEND', 'user-123', 'UserCreated', 'EXPECTED_VERSION', 'empty']), /WRONGVER /);

  const sent = [];
  for (let i = 0; i < 100; i++) sent.push(client.sendCommand(['EAPPEND', 'user-123', 'UserRenamed']));
  sent.push(client.sendCommand(['ESVER', 'user-123']));
  const replies = await Promise.all(sent);
  assert.deepEqual(replies.slice(0, 100).map((r) => pairs(r).stream_version), Array.from({ length: 100 }, (_, i) => i + 1));
  assert.equal(replies[100], 100);

  // A read that waits for the next event, which another connection appends.
  const writer = createClient(options);
  writer.on('error', (err) => { throw err; });
  await writer.connect();
  assert.deepEqual(pairs(await client.sendCommand(['EREAD', 'user-123', 'FROM', '101', 'BLOCK', '50'])).events, []);
  const waiting = client.sendCommand(['EREAD', 'user-123', 'FROM', '101', 'BLOCK', '20000']);
  await writer.sendCommand(['EAPPEND', 'user-123', 'UserLeft']);
  const [left] = pairs(await waiting).events.map(pairs);
  assert.equal(left.stream_version, 101);
  assert.equal(left.event_name, 'UserLeft');
  await writer.close();
  await client.close();
  console.log('node-redis', require('redis/package.json').version, 'ok');
}

main().catch((err) => { console.error(err); process.exit(1); });
