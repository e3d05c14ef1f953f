"""redis-py against a server on PORT, with the protocol given as argument."""

import os
import sys

import redis

PAYLOAD = '{"name":"Zoë"}\r\n$-1\r\n\x00\x01'.encode()
PROTOCOL = int(sys.argv[1])

client = redis.Redis(host="localhost", port=int(os.environ["PORT"]), protocol=PROTOCOL)
assert client.ping() is True


def pairs(reply):
    """A map: RESP2 has none and sends keys and values by turns."""
    if PROTOCOL == 2:
        reply = dict(zip(reply[::2], reply[1::2]))
    assert isinstance(reply, dict), reply
    return reply


appended = pairs(client.execute_command("EAPPEND", "user-123", "UserCreated", "PAYLOAD", PAYLOAD))
assert set(appended) == {
    b"event_id", b"partition_key", b"partition_id", b"partition_sequence", b"stream_version", b"timestamp",
}, appended
assert appended[b"stream_version"] == 0, appended
assert appended[b"partition_id"] == 21, appended  # that of "user-123" among 32

scanned = pairs(client.execute_command("ESCAN", "user-123", "-", "+", "COUNT", "100"))
assert scanned[b"has_more"] in ((0,) if PROTOCOL == 2 else (False,)), scanned
(event,) = map(pairs, scanned[b"events"])
assert event[b"payload"] == PAYLOAD, event
assert event[b"metadata"] == b"", event
assert event[b"event_name"] == b"UserCreated", event
assert event[b"event_id"] == appended[b"event_id"], event

assert pairs(client.execute_command("EGET", appended[b"event_id"])) == event
assert client.execute_command("EGET", "550e8400-e29b-41d4-a716-446655440000") is None
assert client.execute_command("ESVER", "nobody") is None

try:
    client.execute_command("EAPPEND", "user-123", "UserCreated", "EXPECTED_VERSION", "empty")
    raise AssertionError("a wrong version was accepted")
except redis.ResponseError as err:
    assert str(err).startswith("WRONGVER "), err

pipe = client.pipeline(transaction=False)
for _ in range(100):
    pipe.execute_command("EAPPEND", "user-123", "UserRenamed")
pipe.execute_command("ESVER", "user-123")
replies = pipe.execute()
assert [pairs(r)[b"stream_version"] for r in replies[:100]] == list(range(1, 101)), replies
assert replies[100] == 100, replies[100]
print("redis-py", redis.__version__, "ok")
