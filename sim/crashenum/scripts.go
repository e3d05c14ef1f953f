package crashenum

import "sierradb/core"

// Scripts returns all scripts, in the order of the table.
func Scripts() []Script {
	return []Script{
		{Name: "create", About: "a bucket is made", Deeper: 1, run: func(l *life) {
			l.open()
		}},
		{Name: "append", About: "one event, and another one when the commit hint is written", run: func(l *life) {
			l.open()
			l.save()
			l.all(one(1, 200))
			l.hint(false)
			l.all(one(1, 700))
		}},
		{Name: "bit-flip", About: "a bit of a committed entry flips at rest", run: func(l *life) { damaged(l, 500) }},
		{Name: "bit-flip-last", About: "a bit of the last committed entry flips at rest", run: func(l *life) { damaged(l, 1300) }},
		{Name: "batch", About: "four appends in one write, then two", run: func(l *life) {
			l.begun(one(1, 100))
			l.all(one(4, 150))
			l.all(one(2, 400))
			l.hint(false)
		}},
		{Name: "transaction", About: "three events as one, between single ones", run: func(l *life) {
			l.begun(one(1, 100))
			l.all(batch{{3, 350}})
			l.all(one(1, 100))
		}},
		{Name: "roll", About: "up to the end of a segment and over it, with space reserved", run: func(l *life) {
			l.begun(one(3, 900))
			l.reserve(1, 1100)
			l.all(one(1, 700))
			l.reserve(2, 2100)
			l.all(one(2, 900))
			l.hint(false)
		}},
		{Name: "roll-in-batch", About: "one append that fills three segments", run: func(l *life) {
			l.begun(one(1, 900))
			l.all(one(6, 1400))
		}},
		{Name: "roll-tail", About: "a roll behind entries that are synced and not committed", run: func(l *life) {
			l.begun(one(1, 900))
			l.append(one(2, 900))
			l.sync()
			l.append(one(2, 900))
			l.append(one(1, 300))
			l.sync()
			l.commit(4)
			l.hint(false)
		}},
		{Name: "in-flight", About: "appends while a barrier is in flight", run: func(l *life) {
			l.begun(one(1, 300))
			l.append(one(1, 500))
			end := l.begin()
			l.append(one(2, 300))
			end()
			l.commit(2)
			end = l.begin()
			l.append(one(1, 400))
			end()
			l.commit(4)
			l.hint(false)
		}},
		{Name: "state", About: "terms, votes and commit hints between appends", run: func(l *life) {
			l.open()
			l.save()
			l.save()
			l.all(one(1, 100))
			l.hint(false)
			l.save()
			l.all(one(1, 100))
			l.hint(true)
			l.hint(false)
			l.save()
		}},
		{Name: "truncate", About: "another leader's entries in place of an uncommitted tail", run: func(l *life) {
			l.begun(one(2, 200))
			l.append(one(2, 300))
			l.sync()
			l.save()
			l.replace(3, one(1, 250))
			l.sync()
			l.append(one(1, 300))
			l.sync()
			l.commit(4)
		}},
		{Name: "truncate-roll", About: "an uncommitted tail is replaced over two rolls", run: func(l *life) {
			l.begun(one(2, 1100))
			l.append(one(6, 1200))
			l.sync()
			l.save()
			l.replace(3, one(3, 1000))
			l.sync()
			l.commit(5)
		}},
		{Name: "truncate-unsynced", About: "a tail is replaced that no sync covered", run: func(l *life) {
			l.begun(one(1, 300))
			l.append(one(2, 600))
			l.save()
			l.replace(2, one(1, 600))
			l.sync()
			l.commit(2)
		}},
		{Name: "full-disk", About: "a disk that is full in the middle of an append, and the way back", run: func(l *life) {
			l.begun(one(2, 1000))
			l.fill(0)
			l.noSpace(one(3, 1300))
			l.fill(1)
			l.noSpace(one(6, 1300))
			l.free()
			l.all(one(2, 1200))
			l.hint(false)
		}},
		{Name: "sync-fails", About: "a sync fails, its pages stay, the process ends", run: func(l *life) { failed(l, false) }},
		{Name: "sync-drops", About: "a sync fails and the kernel drops its pages", run: func(l *life) { failed(l, true) }},
		{Name: "recover", About: "the process dies with an append pending, and recovers", run: func(l *life) {
			l.begun(one(1, 200))
			l.hint(false)
			l.append(one(2, 700))
			l.kill()
			l.open()
			l.save()
			l.all(one(1, 300))
			l.kill()
			l.open()
		}},
		{Name: "replica", About: "a replica over the bucket: its terms, appends in batches, a stop and a new start", run: func(l *life) {
			l.open()
			r := lead(l)
			r.submit(one(1, 200))
			r.submit(one(2, 400))
			r.stop()
			l.kill()
			l.open()
			r = lead(l)
			r.submit(one(1, 300))
		}},
		{Name: "replica-roll", About: "a replica whose log rolls", run: func(l *life) {
			l.open()
			r := lead(l)
			r.submit(one(2, 1000))
			r.submit(one(2, 1100))
		}},
		{Name: "replica-fails", About: "a sync of a replica fails and drops its pages", run: func(l *life) {
			l.open()
			r := lead(l)
			r.submit(one(1, 200))
			r.failing = true
			r.submit(one(1, 700))
			l.kill()
			l.open()
			r = lead(l)
			r.submit(one(1, 300))
		}},
		{Name: "first-start", About: "a store of two buckets is made, and takes an append", store: true, RecoveriesMost: 1, run: func(l *life) {
			l.open()
			l.save()
			l.all(one(1, 200))
		}},
		{Name: "refused-start", About: "a store is started with other settings, and refuses", store: true, run: func(l *life) {
			l.begun(one(1, 200))
			l.kill()
			l.refused(func(o *core.Options) { o.Buckets = buckets * 2 })
			l.refused(func(o *core.Options) { o.Partitions = partitions + 1 })
			l.open()
		}},
	}
}

// failed is a life in which a sync fails: that process appends no more.
func failed(l *life, drop bool) {
	l.begun(one(1, 300))
	l.hint(false)
	l.append(one(2, 700))
	l.fail(drop)
	l.kill()
	l.open()
	l.save()
	l.all(one(1, 400))
}

// damaged is a life of four entries that a synced hint names, and of a bit that
// flips at off.
func damaged(l *life, off int64) {
	l.begun(one(4, 250))
	l.hint(true)
	l.damage("0000000001.seg", off)
	l.point(func() string { return "the script dies when the bit has flipped" })
	l.kill()
}
