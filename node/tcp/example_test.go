package tcp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

var _ = main // the page's; a test calls serve in its place

// TestExample runs the program of docs/write-a-command.md.
func TestExample(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, ended := t.TempDir(), make(chan error, 1)
	go func() { ended <- serve(stop, dir, ln) }()

	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	replies := bufio.NewReader(nc)
	ask := func(words ...string) string {
		t.Helper()
		var b strings.Builder
		fmt.Fprintf(&b, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
		}
		if _, err := io.WriteString(nc, b.String()); err != nil {
			t.Fatal(err)
		}
		line, err := replies.ReadString('\n')
		if err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		return line
	}
	const id = "550e8400-e29b-41d4-a716-446655440000"
	if got := ask("shop.order", id, "a book"); len(got) != len("++\r")+36 || got[0] != '+' {
		t.Errorf("an order is answered %q, want the id of its event", got)
	}
	if got := ask("SHOP.ORDER", id, "a book"); !strings.HasPrefix(got, "-WRONGVER ") {
		t.Errorf("the same order again is answered %q, want WRONGVER", got)
	}
	if got, want := ask("SHOP.ORDER", "seven", "a book"), `-INVALIDARG order id must be a UUID, got "seven"`+"\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ask("ESVER", "order-"+id), ":0\r\n"; got != want {
		t.Errorf("the version of the order's stream is %q, want %q", got, want)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}
