"""Subscriptions with redis-py against a server on PORT, with the protocol given
as argument: events that are there and live ones, acknowledged in a window of two.

redis-py has no call for pushes of others, so a connection is taken out of the
pool and read as it is. In RESP3 a push must not be handed to redis-py's own
handler, which knows those of Redis only; in RESP2 pushes are arrays.
"""

import os
import sys

import redis

PAYLOAD = '{"name":"Zoë"}\r\n$-1\r\n\x00\x01'.encode()
PROTOCOL = int(sys.argv[1])

client = redis.Redis(host="localhost", port=int(os.environ["PORT"]), protocol=PROTOCOL, socket_timeout=20)
connection = client.connection_pool.get_connection()


def read():
    """The next frame, a reply or a push."""
    if PROTOCOL == 2:
        return connection.read_response()
    return connection.read_response(push_request=True)


def pairs(reply):
    """A map: RESP2 has none and sends keys and values by turns."""
    if PROTOCOL == 2:
        reply = dict(zip(reply[::2], reply[1::2]))
    assert isinstance(reply, dict), reply
    return reply


EARLY = []  # pushes that came before the reply to an EACK


def message(version):
    """Receives the event with a version and acknowledges it."""
    kind, subscription, cursor, event = EARLY.pop(0) if EARLY else read()
    assert (kind, subscription, cursor) == (b"message", ID, version), (kind, subscription, cursor)
    event = pairs(event)
    assert event[b"stream_version"] == version and event[b"payload"] == PAYLOAD, event
    connection.send_command("EACK", ID, cursor)
    while (frame := read()) != b"OK":  # it makes room for the next push
        EARLY.append(frame)


for _ in range(5):
    client.execute_command("EAPPEND", "user-123", "UserCreated", "PAYLOAD", PAYLOAD)
connection.send_command("ESUB", "user-123", "FROM", 0, "WINDOW", 2)
ID = read()
assert len(ID) == 36, ID
assert read() == [b"subscribe", ID, 1]
for version in range(8):
    if version == 5:
        for _ in range(3):
            client.execute_command("EAPPEND", "user-123", "UserCreated", "PAYLOAD", PAYLOAD)
    message(version)
connection.send_command("EUNSUB", ID)
assert read() == b"OK"

# The pull twin needs nothing special: it works with the plain client.
batch = pairs(client.execute_command("EREAD", "user-123", "FROM", 6, "BLOCK", 1000))
assert [pairs(e)[b"stream_version"] for e in batch[b"events"]] == [6, 7], batch
batch = pairs(client.execute_command("EREAD", "user-123", "FROM", 8, "BLOCK", 50))
assert batch[b"events"] == [], batch
print("redis-py", redis.__version__, "ok")
