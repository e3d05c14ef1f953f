package commands

import "strings"

// Builtin returns a new set of all commands of SierraDB, to which the caller
// may add others before sessions use it.
func Builtin() *Set {
	s := new(Set)
	s.Add(
		EAppend, EMAppend, EGet,
		EScan, ERead, ESVer, ESub,
		EPScan, EPRead, EPSeq, EPSub,
		EAck, EUnsub,
		Hello, Ping, Echo, Auth, Select, Client, ReadOnlyMode, ReadWriteMode, Reset, Quit,
		Multi, Exec, Discard, Watch, Unwatch,
		InfoText, CommandList, Time,
	)
	return s
}

// lower is a command's name as Redis's COMMAND spells it.
func lower(name string) string { return strings.ToLower(name) }
