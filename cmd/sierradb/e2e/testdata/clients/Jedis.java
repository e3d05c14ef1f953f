import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.commands.ProtocolCommand;
import redis.clients.jedis.exceptions.JedisDataException;

/** Jedis against a server on PORT, with the library's defaults. */
public class Jedis {
    static final byte[] PAYLOAD = "{\"name\":\"Zo\u00eb\"}\r\n$-1\r\n\0\1".getBytes(StandardCharsets.UTF_8);

    static ProtocolCommand command(String name) {
        return () -> name.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A map comes as keys and values by turns. */
    static Map<String, Object> pairs(Object reply) {
        List<?> list = (List<?>) reply;
        Map<String, Object> out = new HashMap<>();
        for (int i = 0; i < list.size(); i += 2) {
            out.put(new String((byte[]) list.get(i), StandardCharsets.UTF_8), list.get(i + 1));
        }
        return out;
    }

    static void check(boolean ok, Object what) {
        if (!ok) {
            throw new AssertionError(String.valueOf(what));
        }
    }

    public static void main(String[] args) {
        int port = Integer.parseInt(System.getenv("PORT"));
        try (UnifiedJedis client = new JedisPooled("localhost", port)) {
            check("PONG".equals(client.ping()), "PING");

            Map<String, Object> appended = pairs(client.sendCommand(command("EAPPEND"),
                bytes("user-123"), bytes("UserCreated"), bytes("PAYLOAD"), PAYLOAD));
            check(Long.valueOf(0).equals(appended.get("stream_version")), appended);
            check(Long.valueOf(21).equals(appended.get("partition_id")), appended); // that of "user-123" among 32

            Map<String, Object> scanned = pairs(client.sendCommand(command("ESCAN"), "user-123", "-", "+", "COUNT", "100"));
            check(Long.valueOf(0).equals(scanned.get("has_more")), scanned);
            List<?> events = (List<?>) scanned.get("events");
            check(events.size() == 1, scanned);
            Map<String, Object> event = pairs(events.get(0));
            check(Arrays.equals(PAYLOAD, (byte[]) event.get("payload")), "payload");
            check(((byte[]) event.get("metadata")).length == 0, "metadata");

            byte[] id = (byte[]) appended.get("event_id");
            Map<String, Object> found = pairs(client.sendCommand(command("EGET"), id));
            check(Arrays.equals(PAYLOAD, (byte[]) found.get("payload")), "EGET");
            check(client.sendCommand(command("EGET"), "550e8400-e29b-41d4-a716-446655440000") == null, "EGET of an unknown id");
            try {
                client.sendCommand(command("EAPPEND"), "user-123", "UserCreated", "EXPECTED_VERSION", "empty");
                throw new AssertionError("a wrong version was accepted");
            } catch (JedisDataException err) {
                check(err.getMessage().startsWith("WRONGVER "), err);
            }

            List<Response<Object>> replies = new ArrayList<>();
            try (Pipeline pipeline = (Pipeline) client.pipelined()) {
                for (int i = 0; i < 100; i++) {
                    replies.add(pipeline.sendCommand(command("EAPPEND"), "user-123", "UserRenamed"));
                }
                replies.add(pipeline.sendCommand(command("ESVER"), "user-123"));
                pipeline.sync();
            }
            for (int i = 0; i < 100; i++) {
                check(Long.valueOf(i + 1).equals(pairs(replies.get(i).get()).get("stream_version")), i);
            }
            check(Long.valueOf(100).equals(replies.get(100).get()), replies.get(100).get());

            // A read that waits for the next event, which another connection appends.
            // Jedis itself waits two seconds for a reply if nothing else is said.
            Map<String, Object> none = pairs(client.sendCommand(command("EREAD"), "user-123", "FROM", "101", "BLOCK", "50"));
            check(((List<?>) none.get("events")).isEmpty(), none);
            CompletableFuture<Object> waiting = CompletableFuture.supplyAsync(
                () -> client.sendCommand(command("EREAD"), "user-123", "FROM", "101", "BLOCK", "1500"));
            client.sendCommand(command("EAPPEND"), "user-123", "UserLeft");
            List<?> left = (List<?>) pairs(waiting.join()).get("events");
            check(left.size() == 1 && Long.valueOf(101).equals(pairs(left.get(0)).get("stream_version")), left);
        }
        System.out.println("Jedis ok");
    }
}
