package sim

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"sierradb/core/event"
)

// TestSubscriptionOf: what requests subscribe to.
func TestSubscriptionOf(t *testing.T) {
	f := func(want string, words ...string) {
		t.Helper()
		sub := subscriptionOf(text(words...), 4)
		got := "nothing"
		if sub != nil {
			got = fmt.Sprintf("%v %d", sub.numbered, sub.window)
			for _, s := range sub.sources {
				at := fmt.Sprint(s.next)
				if s.latest {
					at = "latest"
				}
				got += " " + s.name + "=" + at
			}
		}
		if got != want {
			t.Errorf("%q is read as %s, expected %s", words, got, want)
		}
	}
	key := uuid.Max.String()
	f("true 0 a=latest", "ESUB", "a")
	f("true 5 a=3", "esub", "a", "window", "5", "from", "3")
	f("true 0 FROM=latest", "ESUB", "FROM")
	f("false 0 a=latest", "ESUB", "a", "a")
	f("false 0 a=latest a=latest", "ESUB", "a", "a", "PARTITION_KEY", key)
	f("false 0 a=7 a=7", "ESUB", "a", "a", "PARTITION_KEY", key, "FROM", "MAP", "a=7", "b=1")
	f("false 1 a=7 b=latest a=8", "ESUB", "a", "b", "a", "PARTITION_KEY", key, "FROM", "MAP", "a=7", "a=8", "WINDOW", "1")
	f("true 0 a=b=4", "ESUB", "a=b", "FROM", "MAP", "a=b=4")
	f("nothing", "ESUB", "a", "FROM")
	f("nothing", "ESUB", "a", "WINDOW", "0")
	f("nothing", "ESUB", "a", "FROM", "MAP", "a")
	f("nothing", "ESUB", "a", "FROM", "1", "b")
	f("false 0 0=latest 1=latest 2=latest 3=latest", "EPSUB", "*")
	f("true 0 2=latest", "EPSUB", "2")
	f("false 0 2=latest", "EPSUB", "2-2")
	f("false 0 2=latest 1=latest", "EPSUB", "2,1, 2")
	f("false 0 1=9 2=9 3=9", "EPSUB", "1-3", "FROM", "9")
	f("false 0 1=5 2=9 3=9", "EPSUB", "1-3", "FROM", "MAP", "1=5", "DEFAULT", "9")
	f("false 0 1=5 2=latest", "EPSUB", "1-2", "FROM", "MAP", "1=5", "0=7")
	f("true 0 "+fmt.Sprint(event.PartitionOf(uuid.Max, 4))+"=latest", "EPSUB", key)
	f("nothing", "EPSUB", "4")
	f("nothing", "EPSUB", "3-1")
	f("nothing", "EPSUB", "1,,2")
}
