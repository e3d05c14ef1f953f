// Package mutate names the bugs that can be planted into the code to prove
// that the simulator finds them.
//
// A planted bug reads
//
//	if mutate.On(mutate.SkipCRC) { ... }
//
// and stands where a good engineer could really have made it: one or two lines,
// silent as long as nothing goes wrong. Without the build tag "mutants" On is
// the constant false and the compiler removes the branch: production code is
// unchanged. With the tag, simrun --mutant turns one on.
package mutate

// Bug is the name of a planted bug, as on the command line.
type Bug string

// Group is the part of the database that a bug is planted in.
type Group string

// The groups.
const (
	Log          Group = "log"          // how entries, names and raft.state are written
	Index        Group = "index"        // where events are found
	Recovery     Group = "recovery"     // what a start makes of a disk
	Raft         Group = "raft"         // what a replica answers, and when
	Session      Group = "session"      // what a connection makes of requests and answers
	Subscription Group = "subscription" // events that are pushed or waited for
	Retry        Group = "retry"        // appends that come again with the same event id
	Other        Group = "other"        // clocks, full disks, queues
)

// The bugs, by group; [About] says what each does.
const (
	SkipCRC            Bug = "skip-crc"
	CRCOfHead          Bug = "crc-of-head"
	SkipSyncDir        Bug = "skip-syncdir"
	SyncLastOnly       Bug = "sync-last-only"
	TableOfApplied     Bug = "table-of-applied"
	SlotsAlternate     Bug = "slots-alternate"
	UndoKeepsSequences Bug = "undo-keeps-sequences"
	TornTransaction    Bug = "torn-transaction"

	IndexBeforeCommit Bug = "index-before-commit"
	FirstIDOnly       Bug = "first-id-only"
	GrowDropsLast     Bug = "grow-drops-last"
	ChunkEdge         Bug = "chunk-edge"
	SegmentEdge       Bug = "segment-edge"

	CutTooMuch         Bug = "cut-too-much"
	CutTooLittle       Bug = "cut-too-little"
	CutUncommitted     Bug = "cut-uncommitted"
	RecoverWithoutSync Bug = "recover-without-sync"
	SettleLastOnly     Bug = "settle-last-only"
	NoEvict            Bug = "no-evict"
	ClampHint          Bug = "clamp-hint"
	DamageIsTorn       Bug = "damage-is-torn"
	LaterUnread        Bug = "later-unread"
	ReadOnce           Bug = "read-once"
	OlderSlot          Bug = "older-slot"
	CompleteTooEarly   Bug = "complete-too-early"

	SkipFsync           Bug = "skip-fsync"
	AckBeforeSync       Bug = "ack-before-sync"
	IgnoreSyncError     Bug = "ignore-sync-error"
	NoHardState         Bug = "no-hardstate"
	TermUnsynced        Bug = "term-unsynced"
	HintOfProposed      Bug = "hint-of-proposed"
	CheckCommittedOnly  Bug = "check-committed-only"
	SettleTooMuch       Bug = "settle-too-much"
	RefusalLeavesTail   Bug = "refusal-leaves-tail"
	SequenceKept        Bug = "sequence-kept"
	EarlyRefusal        Bug = "early-refusal"
	RestsOnItself       Bug = "rests-on-itself"
	ServesTooEarly      Bug = "serves-too-early"
	HaltedServes        Bug = "halted-serves"
	TimeoutRefuses      Bug = "timeout-refuses"
	HaltRefuses         Bug = "halt-refuses"
	FullRefusesProposed Bug = "full-refuses-proposed"

	ReadOvertakesWrite Bug = "read-overtakes-write"
	AppendOvertakes    Bug = "append-overtakes-read"
	RefusalOvertakes   Bug = "refusal-overtakes"
	QuitDrops          Bug = "quit-drops"
	CreditLeak         Bug = "credit-leak"
	ReplyReused        Bug = "reply-reused"
	ProtocolOfNow      Bug = "protocol-of-now"
	OptionSurvives     Bug = "option-survives"
	MoreAtCount        Bug = "more-at-count"
	SplitCRLF          Bug = "split-crlf"
	TrustPositions     Bug = "trust-positions"
	UnreadableSkipped  Bug = "unreadable-skipped"
	CursorKeepsSpan    Bug = "cursor-keeps-span"

	HandoverGap            Bug = "handover-gap"
	FollowEdge             Bug = "follow-edge"
	PushBeforeCommit       Bug = "push-before-commit"
	WindowOffByOne         Bug = "window-off-by-one"
	LostWakeUp             Bug = "lost-wake-up"
	ReadyUnserved          Bug = "ready-unserved"
	RelieveOne             Bug = "relieve-one"
	AckBeyond              Bug = "ack-beyond"
	AckBackwards           Bug = "ack-backwards"
	StallBlocks            Bug = "stall-blocks"
	DefaultIgnored         Bug = "default-ignored"
	MapFirstEquals         Bug = "map-first-equals"
	RangeIsSingle          Bug = "range-is-single"
	DeadWatchStops         Bug = "dead-watch-stops"
	LeavesOne              Bug = "leaves-one"
	PushProtocolOfNow      Bug = "push-protocol-of-now"
	FormsMixed             Bug = "forms-mixed"
	PushBeforeReply        Bug = "push-before-reply"
	ResetMissesOpening     Bug = "reset-misses-opening"
	ClosedWithoutPositions Bug = "closed-without-positions"
	StopSilent             Bug = "stop-silent"
	StopLeavesReads        Bug = "stop-leaves-reads"
	WaitsForNext           Bug = "waits-for-next"
	WaitTimerOnce          Bug = "wait-timer-once"
	FirstBucketOnly        Bug = "first-bucket-only"

	NoDedup          Bug = "no-dedup"
	DedupCommitted   Bug = "dedup-committed"
	DedupTail        Bug = "dedup-tail"
	DedupIDs         Bug = "dedup-ids"
	DedupMetadata    Bug = "dedup-metadata"
	DedupTime        Bug = "dedup-time"
	DedupPrefix      Bug = "dedup-prefix"
	DedupCount       Bug = "dedup-count"
	RetryTime        Bug = "retry-time"
	VersionBeforeID  Bug = "version-before-id"
	TimeoutForgetsID Bug = "timeout-forgets-id"
	RefusedIDStays   Bug = "refused-id-stays"

	WallTimeout Bug = "wall-timeout"
	FullForEver Bug = "full-for-ever"
	QueueLeak   Bug = "queue-leak"
)

// About describes all bugs. The order is that of --mutants --list: by group, in
// the order of the groups.
var About = []struct {
	Bug   Bug
	Group Group
	Text  string // what it does, in a line
}{
	{SkipCRC, Log, "frames are accepted without checking their crc"},
	{CRCOfHead, Log, "the crc of a frame covers its head and not its data"},
	{SkipSyncDir, Log, "the name of a new segment is not synced"},
	{SyncLastOnly, Log, "a barrier leaves out the segment that was just rolled"},
	{TableOfApplied, Log, "a new segment's table holds the sequences of applied entries, not of written ones"},
	{SlotsAlternate, Log, "raft.state is written to its slots in turn, the newest synced one included"},
	{UndoKeepsSequences, Log, "an append that found no space is taken back, its sequences are not"},
	{TornTransaction, Log, "the events of a transaction are written as single frames"},

	{IndexBeforeCommit, Index, "events are indexed and visible as soon as they are written"},
	{FirstIDOnly, Index, "of a transaction only the first event can be found by its id"},
	{GrowDropsLast, Index, "the id that makes the table of ids grow is not put into it"},
	{ChunkEdge, Index, "a scan that crosses from one chunk of ordinals to the next leaves one out"},
	{SegmentEdge, Index, "the first event of a stream in a segment is looked for in the segment before"},

	{CutTooMuch, Recovery, "recovery cuts the last good frame together with the torn tail"},
	{CutTooLittle, Recovery, "recovery leaves torn bytes in place"},
	{CutUncommitted, Recovery, "recovery cuts all entries that no commit index names"},
	{RecoverWithoutSync, Recovery, "recovery ends without syncing what it read"},
	{SettleLastOnly, Recovery, "recovery syncs the last segment and not the one before"},
	{NoEvict, Recovery, "recovery reads pages that a failed sync has dropped from the cache"},
	{ClampHint, Recovery, "a commit hint above the last frame is lowered to it instead of reported"},
	{DamageIsTorn, Recovery, "frames behind a damaged one are cut, whatever commit index they name"},
	{LaterUnread, Recovery, "the segments behind a damaged one are cut and not read for a commit index"},
	{ReadOnce, Recovery, "recovery cuts what a single read showed as torn"},
	{OlderSlot, Recovery, "of two valid slots of raft.state the older one is taken"},
	{CompleteTooEarly, Recovery, "a new store is marked complete before its buckets are made"},

	{SkipFsync, Raft, "a barrier completes without syncing its files"},
	{AckBeforeSync, Raft, "raft hears that entries are stored before the barrier is done"},
	{IgnoreSyncError, Raft, "a failed barrier counts as done"},
	{NoHardState, Raft, "term, vote and commit index are never written"},
	{TermUnsynced, Raft, "term and vote are written and not synced before the entries of the term"},
	{HintOfProposed, Raft, "an entry names as committed all that was proposed before it"},
	{CheckCommittedOnly, Raft, "expected versions are checked against committed events only"},
	{SettleTooMuch, Raft, "an applied entry settles what rests on later entries, too"},
	{RefusalLeavesTail, Raft, "a refused transaction leaves the versions that its first events would have got"},
	{SequenceKept, Raft, "an append without room keeps the sequences that it would have got"},
	{EarlyRefusal, Raft, "a refusal does not wait for the uncommitted entry that it rests on"},
	{RestsOnItself, Raft, "a refusal inside a transaction rests on an entry that never comes"},
	{ServesTooEarly, Raft, "a leader evaluates appends before the entries of earlier lives are applied"},
	{HaltedServes, Raft, "a replica that stopped before it led answers reads"},
	{TimeoutRefuses, Raft, "an append that was proposed and times out is answered as not done"},
	{HaltRefuses, Raft, "an append whose sync fails is answered as not done"},
	{FullRefusesProposed, Raft, "entries that wait for space are answered as not done"},

	{ReadOvertakesWrite, Session, "a read does not wait for the earlier appends of its connection"},
	{AppendOvertakes, Session, "an append does not wait for the earlier reads of its connection"},
	{RefusalOvertakes, Session, "a request that is refused at once is answered before those ahead of it"},
	{QuitDrops, Session, "QUIT closes the connection before the requests ahead of it are answered"},
	{CreditLeak, Session, "the credit of requests that ask nothing of the store is not given back"},
	{ReplyReused, Session, "the memory of a reply is used again while the reply goes out"},
	{ProtocolOfNow, Session, "a reply is written in the protocol of a HELLO that came later"},
	{OptionSurvives, Session, "a COUNT stays in force for the next scan that gives none"},
	{MoreAtCount, Session, "has_more is true whenever exactly COUNT events are returned"},
	{SplitCRLF, Session, "an argument ends with its CR when the LF has not arrived"},
	{TrustPositions, Session, "an event that was read is not compared with the one that was asked for"},
	{UnreadableSkipped, Session, "a scan leaves out events that it can not read"},
	{CursorKeepsSpan, Session, "a scan takes bytes that an earlier one read ahead"},

	{HandoverGap, Subscription, "a subscription that is woken begins with the newest event, not with the one it waited for"},
	{FollowEdge, Subscription, "a subscription that reads across the edge of a segment takes the last event twice"},
	{PushBeforeCommit, Subscription, "subscriptions are woken by what is written, before it is committed"},
	{WindowOffByOne, Subscription, "a window has room for one event more"},
	{LostWakeUp, Subscription, "a commit wakes only the first who waits for a stream or a partition"},
	{ReadyUnserved, Subscription, "a subscription with events that asks for them waits for the next commit"},
	{RelieveOne, Subscription, "of the subscriptions that wait for room in the output one goes on"},
	{AckBeyond, Subscription, "an acknowledgement of what was not delivered counts for what will be"},
	{AckBackwards, Subscription, "an acknowledgement that goes back takes back what was acknowledged"},
	{StallBlocks, Subscription, "a subscription with a full window holds up the others of its connection"},
	{DefaultIgnored, Subscription, "the DEFAULT of FROM MAP is ignored"},
	{MapFirstEquals, Subscription, "a pair of FROM MAP ends at its first ="},
	{RangeIsSingle, Subscription, "the cursor of a range of one partition is the sequence"},
	{DeadWatchStops, Subscription, "the watch of a subscription that has ended keeps those behind it asleep"},
	{LeavesOne, Subscription, "of the subscriptions of a lost connection one is forgotten"},
	{PushProtocolOfNow, Subscription, "pushes have the protocol of a HELLO that is not answered yet"},
	{FormsMixed, Subscription, "an encoded event is shared by RESP2 and RESP3"},
	{PushBeforeReply, Subscription, "a subscription is announced before its reply"},
	{ResetMissesOpening, Subscription, "RESET ends the subscriptions that are there, and not those on the way"},
	{ClosedWithoutPositions, Subscription, "the end of a subscription names the position of its first source alone"},
	{StopSilent, Subscription, "subscriptions are not told that the node stops"},
	{StopLeavesReads, Subscription, "reads that wait are not answered when the node stops"},
	{WaitsForNext, Subscription, "a read that waits is woken by the event behind the one it waits for"},
	{WaitTimerOnce, Subscription, "of several reads that wait only the first has a timer"},
	{FirstBucketOnly, Subscription, "a subscription waits for the appends to the bucket of its first source alone"},

	{NoDedup, Retry, "event ids are not looked up before an append"},
	{DedupCommitted, Retry, "event ids are looked up among committed events only"},
	{DedupTail, Retry, "event ids are looked up among uncommitted events only"},
	{DedupIDs, Retry, "an append with a known event id is a repetition, whatever its content"},
	{DedupMetadata, Retry, "an append that differs in metadata alone counts as a repetition"},
	{DedupTime, Retry, "an append that differs in a given timestamp alone counts as a repetition"},
	{DedupPrefix, Retry, "an append with the first events of a committed one counts as its repetition"},
	{DedupCount, Retry, "an append with as many events as one under way counts as its repetition"},
	{RetryTime, Retry, "a retry is answered with its own timestamp"},
	{VersionBeforeID, Retry, "expected versions are checked before event ids"},
	{TimeoutForgetsID, Retry, "the event id of an append that timed out is forgotten while it is still under way"},
	{RefusedIDStays, Retry, "the event id of an append without room counts as under way"},

	{WallTimeout, Other, "appends are given up by the wall clock"},
	{FullForEver, Other, "after an append without room the disk is not asked again"},
	{QueueLeak, Other, "appends that are refused count in the queue for ever"},
}
