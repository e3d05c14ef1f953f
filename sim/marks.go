package sim

// Mark is a state that the code calls worth reaching, by Sometimes. A sweep in
// which one is never reached tests less than it seems to.
type Mark struct {
	Name    string
	Meaning string
	Rare    bool   // in fewer than one seed of a hundred
	Never   string // why no run can reach it yet, "" for those that must be reached
}

// Marks lists the states that the code marks with Sometimes. A test compares
// the list with the code.
func Marks() []Mark { return marks }

const oneVoter = "a group of one never replaces entries; it needs a leader that was deposed"

var marks = []Mark{
	{Name: "append: disk full", Meaning: "a write of frames found no space and was undone"},
	{Name: "commands/out-of-credit", Meaning: "a session left input unread because too much was unanswered"},
	{Name: "commands/output-timeout", Meaning: "a client that read nothing was cut off"},
	{Name: "commands/page-cut-by-bytes", Meaning: "a scan's page ended before its COUNT, for its bytes"},
	{Name: "commands/pushes-wait", Meaning: "a subscription waited for room in the output, or for its turn in it"},
	{Name: "commands/request-waits-for-earlier", Meaning: "a request waited for an earlier one of its connection"},
	{Name: "commands/subscription-closed", Meaning: "a subscription was ended by the node, and its client told"},
	{Name: "commands/window-full", Meaning: "a subscription waited for an acknowledgement"},
	{Name: "follow: events from memory", Meaning: "a subscription got events that were committed just now"},
	{Name: "follow: events from the log", Meaning: "a subscription got events that were read from a segment"},
	{Name: "log rolled", Meaning: "a new segment began"},
	{Name: "log truncated", Meaning: "entries that were not committed were replaced", Never: oneVoter},
	{Name: "recovery: damage found", Meaning: "a start refused a bucket for its damaged files"},
	{Name: "recovery: later segment removed", Meaning: "a start removed a segment file behind the end of the log"},
	{Name: "recovery: torn tail cut", Meaning: "a start cut bytes that were never acknowledged"},
	{Name: "replica: append timed out", Meaning: "an append was given up with an unknown outcome"},
	{Name: "replica: apply behind the barrier", Meaning: "a long apply was left to a turn of its own"},
	{Name: "replica: batch proposed", Meaning: "appends were given to Raft"},
	{Name: "replica: busy", Meaning: "the queue of a bucket was full"},
	{Name: "replica: disk full", Meaning: "an append was refused because space could not be reserved"},
	{Name: "replica: halted", Meaning: "a bucket stopped after a failed write or sync"},
	{Name: "replica: halted before it could serve", Meaning: "a bucket stopped before it knew what was committed, and refused a read"},
	{Name: "replica: queued entries replaced", Meaning: "entries that waited for the disk were replaced", Never: oneVoter},
	{Name: "replica: refusal waits for commit", Meaning: "a refusal rested on entries that were not committed and waited for them"},
	{Name: "replica: retry finds its original", Meaning: "a retry was answered with the result of the first attempt"},
	{Name: "replica: retry joins its original", Meaning: "a retry met its first attempt while that was under way"},
	{Name: "replica: write waits for space", Meaning: "entries that Raft holds found no space on the disk"},
	{Name: "reserve: disk full", Meaning: "space for an append could not be reserved"},
	{Name: "reserve: in smaller steps", Meaning: "less space than usual was reserved ahead, since the disk was nearly full"},
	{Name: "router: scan in pieces", Meaning: "a scan went back to its replica for more positions"},
	{Name: "state: slot torn", Meaning: "a start found one of the two slots of raft.state torn"},
	{Name: "store: slot of the identity damaged", Meaning: "a start found one of the two slots of store.state damaged"},
}

// Site is a place where the code takes a legal but rare path when the simulator
// says so, by Buggify.
type Site struct {
	Name    string
	Meaning string
}

// sitePrefix begins the marks of sites that took their rare path.
const sitePrefix = "buggify "

// Sites lists the sites of Buggify in the code. A test compares the list with
// the code.
func Sites() []Site { return sites }

var sites = []Site{
	{"bucket/early-roll", "a segment ends before it is full"},
	{"bucket/no-zeros-ahead", "no zeros are written ahead of the frames"},
	{"commands/cut-page", "a scan's page ends after any event"},
	{"follow/small-feed", "a subscription asks for one event at a time"},
	{"replica/delay-write", "what waits for the disk is written a turn later"},
	{"replica/drop-hint", "the commit index is not noted in raft.state"},
	{"replica/postpone-apply", "even a short apply gets a turn of its own"},
	{"replica/small-batch", "what was queued together is proposed in several batches"},
	{"router/small-pieces", "a scan locates two events at a time"},
}
