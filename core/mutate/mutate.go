// Package mutate names the bugs that can be planted into the code to prove
// that the simulator finds them.
//
// A planted bug reads
//
//	if mutate.On(mutate.SkipCRC) { ... }
//
// Without the build tag "mutants" On is the constant false and the compiler
// removes the branch: production code is unchanged. With the tag, simrun
// --mutant turns one on.
package mutate

// Bug is the name of a planted bug, as on the command line.
type Bug string

// The bugs.
const (
	SkipFsync          Bug = "skip-fsync"           // a barrier completes without syncing its files
	AckBeforeSync      Bug = "ack-before-sync"      // raft hears of storage before the barrier is done
	SkipCRC            Bug = "skip-crc"             // frames are accepted without checking their crc
	CutTooMuch         Bug = "cut-too-much"         // recovery cuts the last good frame too
	CutTooLittle       Bug = "cut-too-little"       // recovery leaves the torn bytes in place
	SkipSyncDir        Bug = "skip-syncdir"         // new segment names are not synced
	RecoverWithoutSync Bug = "recover-without-sync" // recovery ends without syncing what it read
	ClampHint          Bug = "clamp-hint"           // a commit hint above the last frame is lowered to it
	CheckCommittedOnly Bug = "check-committed-only" // expectations ignore the uncommitted tail
	IndexBeforeCommit  Bug = "index-before-commit"  // frames are indexed and readable when written
	NoHardState        Bug = "no-hardstate"         // raft.state is never written
	IgnoreSyncError    Bug = "ignore-sync-error"    // a failed barrier counts as done
	NoDedup            Bug = "no-dedup"             // event ids are not looked up before an append
	TornTransaction    Bug = "torn-transaction"     // a transaction is applied event by event, as single frames
	ReadOvertakesWrite Bug = "read-overtakes-write" // a read does not wait for the connection's earlier appends
	TrustPositions     Bug = "trust-positions"      // an event that was read is not compared with the one asked for
	ReadOnce           Bug = "read-once"            // recovery cuts what one read showed as torn
)

// About says in a line what each bug does; the order is that of --mutants --list.
var About = []struct {
	Bug  Bug
	Text string
}{
	{SkipFsync, "a barrier completes without syncing its files"},
	{AckBeforeSync, "raft hears that entries are stored before the barrier is done"},
	{SkipCRC, "frames are accepted without checking their crc"},
	{CutTooMuch, "recovery cuts the last good frame together with the torn tail"},
	{CutTooLittle, "recovery leaves torn bytes in place"},
	{SkipSyncDir, "the name of a new segment is not synced"},
	{RecoverWithoutSync, "recovery ends without syncing what it read"},
	{ClampHint, "a commit hint above the last frame is lowered to it instead of reported"},
	{CheckCommittedOnly, "expected versions are checked against committed events only"},
	{IndexBeforeCommit, "events are indexed and visible as soon as they are written"},
	{NoHardState, "term, vote and commit index are never written"},
	{IgnoreSyncError, "a failed barrier counts as done"},
	{NoDedup, "event ids are not looked up before an append"},
	{TornTransaction, "the events of a transaction are written as single frames"},
	{ReadOvertakesWrite, "a read does not wait for the earlier appends of its connection"},
	{TrustPositions, "an event that was read is not compared with the one that was asked for"},
	{ReadOnce, "recovery cuts what a single read showed as torn"},
}
