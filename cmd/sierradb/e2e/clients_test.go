package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// clientsWanted says whether the client libraries of other languages are
// installed and have to work.
func clientsWanted() bool { return os.Getenv("SIERRADB_E2E_CLIENTS") == "1" }

// TestClients has the client libraries that people use connect with their
// default settings, append, and read back. Each script does the same and prints
// "ok" as its last line; a script that stops early has not shown anything.
func TestClients(t *testing.T) {
	python := os.Getenv("SIERRADB_E2E_PYTHON")
	if python == "" {
		python = "python3"
	}
	for _, client := range []struct {
		name    string
		command []string
	}{
		{"redis-py_protocol=2", []string{python, "redis_py.py", "2"}},
		{"redis-py_protocol=3", []string{python, "redis_py.py", "3"}},
		{"redis-py_subscriptions_protocol=2", []string{python, "redis_py_sub.py", "2"}},
		{"redis-py_subscriptions_protocol=3", []string{python, "redis_py_sub.py", "3"}},
		{"sierradb-client", []string{os.Getenv("SIERRADB_E2E_RUST")}},
		{"redis-py_product_document", []string{python, "product.py"}},
		{"node-redis", []string{"node", "node_redis.cjs"}},
		{"node-redis_RESP=3", []string{"node", "node_redis.cjs", "3"}},
		{"ioredis", []string{"node", "ioredis.cjs"}},
		{"jedis", []string{"java", "Jedis.java"}},
	} {
		t.Run(client.name, func(t *testing.T) {
			if !clientsWanted() {
				t.Skip("SIERRADB_E2E_CLIENTS is not 1: .ci/clients installs the client libraries of other languages")
			}
			if client.command[0] == "" {
				t.Skip("SIERRADB_E2E_RUST is not set: .ci/clients builds the program where there is a Rust toolchain of 2024 or later")
			}
			s := start(t, "")
			_, port, err := net.SplitHostPort(s.addr)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, client.command[0], client.command[1:]...)
			cmd.Dir = filepath.Join("testdata", "clients")
			cmd.Env = append(os.Environ(), "PORT="+port)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %v\n%s", client.command, err, &out)
			}
			if lines := strings.Fields(out.String()); len(lines) == 0 || lines[len(lines)-1] != "ok" {
				t.Errorf("%v did not get to its end:\n%s", client.command, &out)
			}
			checkWhatClientsWrote(t, s)
		})
	}
}

// clientPayload is what the scripts write: bytes that are no text and look like
// the protocol.
const clientPayload = "{\"name\":\"Zoë\"}\r\n$-1\r\n\x00\x01"

// checkWhatClientsWrote reads with other eyes what a script wrote.
func checkWhatClientsWrote(t *testing.T, s *server) {
	t.Helper()
	events, err := dial(t, s.addr).scanStream("user-123", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(events) == 0 {
		t.Fatal("the script wrote nothing")
	}
	if e := events[0]; e.name != "UserCreated" || e.version != 0 || e.payload != clientPayload &&
		e.payload != `{"name":"John","email":"john@example.com"}` {
		t.Errorf("the script's first event is %v", e)
	}
}

func TestClients_GoRedis(t *testing.T) {
	for _, protocol := range []int{0, 2, 3} { // 0 is the library's default
		t.Run(fmt.Sprintf("protocol=%d", protocol), func(t *testing.T) {
			s := start(t, "")
			client := redis.NewClient(&redis.Options{Addr: s.addr, Protocol: protocol})
			defer client.Close()
			useGoRedis(t, client, protocol == 2)
			checkWhatClientsWrote(t, s)
		})
	}
}

// useGoRedis does what the scripts in testdata/clients do. flat says that maps
// come as arrays of keys and values.
func useGoRedis(t *testing.T, client *redis.Client, flat bool) {
	t.Helper()
	ctx := t.Context()
	if pong, err := client.Ping(ctx).Result(); err != nil || pong != "PONG" {
		t.Fatalf("PING: %q, %v", pong, err)
	}
	appended, err := client.Do(ctx, "EAPPEND", "user-123", "UserCreated", "PAYLOAD", clientPayload).Result()
	if err != nil {
		t.Fatalf("EAPPEND: %v", err)
	}
	if got := field(appended, "stream_version"); got != int64(0) {
		t.Errorf("EAPPEND: stream_version %v in %v, want 0", got, appended)
	}
	id := fmt.Sprint(field(appended, "event_id"))

	scanned, err := client.Do(ctx, "ESCAN", "user-123", "-", "+", "COUNT", "100").Result()
	if err != nil {
		t.Fatalf("ESCAN: %v", err)
	}
	events, ok := field(scanned, "events").([]any)
	if !ok || len(events) != 1 || field(events[0], "payload") != clientPayload || field(events[0], "event_id") != id {
		t.Errorf("ESCAN: got %v, want the event %s", scanned, id)
	}
	var more any = false
	if flat {
		more = int64(0)
	}
	if got := field(scanned, "has_more"); got != more {
		t.Errorf("ESCAN: has_more %v, want %v", got, more)
	}
	if got, err := client.Do(ctx, "EGET", id).Result(); err != nil || field(got, "event_id") != id {
		t.Errorf("EGET %s: %v, %v", id, got, err)
	}
	if _, err := client.Do(ctx, "EGET", "550e8400-e29b-41d4-a716-446655440000").Result(); !errors.Is(err, redis.Nil) {
		t.Errorf("EGET of an unknown id: %v, want redis.Nil", err)
	}
	_, err = client.Do(ctx, "EAPPEND", "user-123", "UserCreated", "EXPECTED_VERSION", "empty").Result()
	if err == nil || !strings.HasPrefix(err.Error(), "WRONGVER ") {
		t.Errorf("EAPPEND with a wrong version: %v, want WRONGVER", err)
	}
	replies, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for range 100 {
			p.Do(ctx, "EAPPEND", "user-123", "UserRenamed")
		}
		p.Do(ctx, "ESVER", "user-123")
		return nil
	})
	if err != nil {
		t.Fatalf("pipeline: %v", err)
	}
	if version, err := replies[100].(*redis.Cmd).Int64(); err != nil || version != 100 {
		t.Errorf("ESVER behind 100 appends in a pipeline: %d, %v, want 100", version, err)
	}

	// A read that waits for the next event, which another connection appends.
	// go-redis itself waits three seconds for a reply if nothing else is said.
	none, err := client.Do(ctx, "EREAD", "user-123", "FROM", 101, "BLOCK", 50).Result()
	if events, ok := field(none, "events").([]any); err != nil || !ok || len(events) != 0 {
		t.Errorf("EREAD where there is nothing: %v, %v", none, err)
	}
	waiting := make(chan error)
	go func() {
		read, err := client.Do(ctx, "EREAD", "user-123", "FROM", 101, "BLOCK", 2500).Result()
		if events, _ := field(read, "events").([]any); err == nil && (len(events) != 1 || field(events[0], "stream_version") != int64(101)) {
			err = fmt.Errorf("got %v, want version 101", read)
		}
		waiting <- err
	}()
	if err := client.Do(ctx, "EAPPEND", "user-123", "UserLeft").Err(); err != nil {
		t.Errorf("EAPPEND while a read waits: %v", err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("EREAD that waits: %v", err)
	}
}

// field looks up a key in a map of either protocol.
func field(v any, key string) any {
	switch v := v.(type) {
	case map[any]any:
		return v[key]
	case []any:
		for i := 0; i+1 < len(v); i += 2 {
			if v[i] == key {
				return v[i+1]
			}
		}
	}
	return nil
}
