package sim

// Property is one thing that a run is judged by. A violation names it.
type Property struct{ Name, Meaning string }

// Properties lists all of them. The counter "judged NAME" of a run says how
// often each was judged; one that is never judged proves nothing.
func Properties() []Property { return properties }

var properties = []Property{
	{"D1 acknowledged", "An append that was acknowledged is in the log, at the place that the acknowledgement names."},
	{"D1 reads", "An event that was acknowledged before a read by its id began is found by it."},
	{"D2 whole", "A transaction is one entry of the log: all of its events, and no other."},
	{"D3 gapless", "Entries, sequences of a partition and versions of a stream are numbered without a gap."},
	{"D3 immutable", "An entry that was visible comes back with the same bytes in every later life of the node."},
	{"D3 reads", "A read shows the log as it was at one moment between its call and its return."},
	{"D4 expected version", "An append lands only where its expectations hold, and is refused for one only where that fails."},
	{"D4 linearizable", "Some order of all requests on a partition, none before its call or behind its return, explains all answers."},
	{"D4 once", "An event id lands at most once in a partition, and what conflicts with it is refused for that reason only."},
	{"D4 refused", "What was answered as not done never lands."},
	{"D5 closed", "The node ends a subscription only for a reason, and says why and where to go on; when it stops, it tells each one."},
	{"D5 committed", "A subscription gets no event that is not visible in the present life of the node."},
	{"D5 events", "A subscription gets the events of its selection from its start on, each once and in order, with the right cursor."},
	{"D5 liveness", "Nothing that is visible is kept from a subscription or a waiting read that has room for it."},
	{"D5 long polls", "A read that waits is answered with nothing only when its time has passed, or when the node stops."},
	{"D5 pushes", "Pushes are well formed, belong to a subscription that goes on, and come behind its reply and its announcement."},
	{"D5 watches", "A replica watches nothing for connections that are gone."},
	{"D5 window", "At most WINDOW events of a subscription are not acknowledged."},
	{"D6 damage is left alone", "Recovery changes no byte of a bucket that is damaged."},
	{"D6 damage is named", "A report of damage names the file."},
	{"D6 no false damage", "Damage is reported only where the world did some."},
	{"D6 reads", "A read by id returns only what was in the log."},
	{"D7 limits", "Queues, mailboxes, output and the memory of an index stay within what the settings allow."},
	{"D7 malformed", "A malformed request is refused with an error that says so, and changes nothing."},
	{"D7 no panic", "No step of an actor and no recovery panics or stops the node."},
	{"D8 halts", "A bucket halts only after an operation on its disk failed."},
	{"D8 liveness", "When everything has healed, every request is answered in bounded time; before, in the time of the timeouts."},
	{"D8 recovery", "The node starts on every disk that a crash can leave."},
	{"D9 failed sync", "After a failed sync a bucket makes nothing visible until it has started anew."},
	{"I12 index", "Every index answers as a full scan of the log does."},
	{"I15 errors", "A well-formed request fails only for a reason that the world gave."},
	{"S11 transaction id", "A transaction of one event has that event's id, one of several events an id of its own."},
	{"S14 first", "Of several events with one id, in several partitions, a read by id shows that of the partition that the id names, else that of the lowest."},
	{"S15 order", "Appends of one connection to one bucket land in the order in which they were sent."},
	{"S16 pages", "The pages of a scan that follows has_more join without gap or repeat, and end."},
	{"S2 hint", "The commit index that an entry names is below its own."},
	{"S21 credits", "A session consumes no more input than it was given."},
	{"identity", "The node keeps its identity from life to life."},
	{"liveness", "A run comes to an end: actors do not keep each other busy for ever."},
	{"phantom", "Nothing is in the log that no client sent, and nothing is changed on the way."},
	{"replies", "There is one well-formed reply for each request, in order, in the form of the connection's protocol."},
	{"routing", "An event lands in the partition that its key chooses, and nothing is sent to a node that is not there."},
	{"shutdown", "An orderly stop ends without an error."},
}
