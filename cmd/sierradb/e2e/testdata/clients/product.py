"""The Python example of the product document, word for word but the port."""

import os

import redis

# Connect to SierraDB
client = redis.Redis(host='localhost', port=int(os.environ['PORT']), protocol=3)

# Append an event
result = client.execute_command('EAPPEND', 'user-123', 'UserCreated',
                               'PAYLOAD', '{"name":"John","email":"john@example.com"}')

# Read events from stream
events = client.execute_command('ESCAN', 'user-123', '-', '+', 'COUNT', '100')

assert result[b'stream_version'] == 0, result
assert events[b'has_more'] is False, events
assert [e[b'payload'] for e in events[b'events']] == [b'{"name":"John","email":"john@example.com"}'], events
print("ok")
