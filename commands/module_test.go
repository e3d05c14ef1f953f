package commands

import (
	"strings"
	"testing"
)

func TestSet_Lookup(t *testing.T) {
	set := Builtin()
	f := func(name string, want string) {
		t.Helper()
		m, ok := set.Lookup([]byte(name))
		if ok != (want != "") || ok && m.Spec.Name != want {
			t.Errorf("Lookup(%q) = %v, %v, want %q", name, m, ok, want)
		}
	}
	f("EAPPEND", "EAPPEND")
	f("eApPeNd", "EAPPEND")
	f("eappend ", "")
	f("", "")
	f("EAPPEN", "")
	f(strings.Repeat("E", 1000), "")

	name := []byte("epscan")
	if n := testing.AllocsPerRun(100, func() { set.Lookup(name) }); n != 0 {
		t.Errorf("Lookup allocates %.0f times, want 0", n)
	}
}

func TestSet_Add_Refuses(t *testing.T) {
	f := func(m Module) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("a module called %q was added", m.Spec.Name)
			}
		}()
		Builtin().Add(m)
	}
	make1 := func() Command { return mute{} }
	f(Module{Spec: Spec{Name: "PING"}, New: make1})
	f(Module{Spec: Spec{Name: "ping2"}, New: make1})
	f(Module{Spec: Spec{Name: ""}, New: make1})
	f(Module{Spec: Spec{Name: strings.Repeat("X", nameMax+1)}, New: make1})
	f(Module{Spec: Spec{Name: "NEWLESS"}})
}
