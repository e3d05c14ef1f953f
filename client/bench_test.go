package client_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sierradb/client"
	"sierradb/core/event"
)

// mark stands for a number in a frame.
const mark = 123454321

// BenchmarkSubscription measures what the client spends on an event of 256
// bytes, from the socket to the loop, beside a node that costs next to nothing.
func BenchmarkSubscription(b *testing.B) {
	node := playFor(b, func(c *fakeConn) {
		c.want("ESUB", "s", "FROM", "0", "WINDOW", "1048576")
		c.subscribed()
		left := make(chan struct{})
		go func() { // writes of whole frames may mix
			defer close(left)
			for _, ok := c.next(); ok; _, ok = c.next() {
				c.write("+OK\r\n")
			}
		}()
		// Rendering must cost little beside reading: only three numbers change.
		frame := fmt.Sprintf(">4\r\n+message\r\n+%s\r\n:%d\r\n%s", subscription, mark, eventFrame("s", event.KeyOf("s"), 1, mark, mark, strings.Repeat("x", 256)))
		parts := strings.Split(frame, fmt.Sprint(mark))
		var burst []byte
		for v := range b.N {
			for i, part := range parts {
				if burst = append(burst, part...); i < len(parts)-1 {
					burst = strconv.AppendInt(burst, int64(v), 10)
				}
			}
			if len(burst) > 1<<16 {
				c.nc.Write(burst)
				burst = burst[:0]
			}
		}
		c.write(string(burst))
		<-left
	})
	c, err := client.New(client.Options{Addr: node.addr})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	sub := c.SubscribeStream("s", client.SubscribeOptions{From: client.Start, Window: 1 << 20})
	b.ReportAllocs()
	b.SetBytes(256)
	n := 0
	for _, err := range sub.Events(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n == b.N {
			break
		}
	}
}
