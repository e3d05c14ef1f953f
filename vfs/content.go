package vfs

import "slices"

// pageSize is the unit in which Mem gives out space and in which a page cache
// is clean or dirty.
const pageSize = 4096

type page [pageSize]byte

// reserved stands for a page that has space but only zeros so far. It is
// shared and never written, so that preallocating costs no memory.
var reserved = new(page)

// content is the bytes of a file, sparse: a missing page is a hole. Bytes
// behind size are always zero. Clones share pages until one of them writes.
type content struct {
	pages  []*page // nil is a hole
	own    []bool  // pages that no clone shares; what is missing is shared
	size   int64
	blocks int64 // pages that are not holes
}

func (c *content) page(i int64) *page {
	if i < int64(len(c.pages)) {
		return c.pages[i]
	}
	return nil
}

// setPage puts a page where a hole or another page is.
func (c *content) setPage(i int64, pg *page) {
	if n := i + 1 - int64(len(c.pages)); n > 0 {
		c.pages = append(c.pages, make([]*page, n)...)
	}
	if c.pages[i] == nil {
		c.blocks++
	}
	c.pages[i] = pg
}

// owned returns the page i, which is not a hole, to be written.
func (c *content) owned(i int64) *page {
	if n := i + 1 - int64(len(c.own)); n > 0 {
		c.own = append(c.own, make([]bool, n)...)
	}
	pg := c.pages[i]
	if !c.own[i] || pg == reserved {
		pg = new(page)
		*pg = *c.pages[i]
		c.pages[i], c.own[i] = pg, true
	}
	return pg
}

// read fills all of p; behind the end there are zeros.
func (c *content) read(p []byte, off int64) {
	for len(p) > 0 {
		i, at := off/pageSize, off%pageSize
		n := min(int64(len(p)), pageSize-at)
		if pg := c.page(i); pg != nil {
			copy(p[:n], pg[at:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+n
	}
}

// write puts p at off and grows the file to hold it.
func (c *content) write(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	c.size = max(c.size, off+int64(len(p)))
	for len(p) > 0 {
		i, at := off/pageSize, off%pageSize
		if c.page(i) == nil {
			c.setPage(i, reserved)
		}
		n := copy(c.owned(i)[at:], p)
		p, off = p[n:], off+int64(n)
	}
}

// truncate makes the file size bytes long; what is added is a hole.
func (c *content) truncate(size int64) {
	if size < c.size {
		keep := pagesOf(size)
		for i := keep; i < int64(len(c.pages)); i++ {
			if c.pages[i] != nil {
				c.blocks--
				c.pages[i] = nil
			}
		}
		c.pages = c.pages[:min(keep, int64(len(c.pages)))]
		if at := size % pageSize; at != 0 {
			if pg := c.page(size / pageSize); pg != nil && pg != reserved {
				clear(c.owned(size / pageSize)[at:])
			}
		}
	}
	c.size = size
}

// reserve gives space to the first size bytes and grows the file to them.
func (c *content) reserve(size int64) {
	for i := range pagesOf(size) {
		if c.page(i) == nil {
			c.setPage(i, reserved)
		}
	}
	c.size = max(c.size, size)
}

// holes counts the pages without space among the bytes from off to off+n, and
// stops counting above limit.
func (c *content) holes(off, n, limit int64) int64 {
	var count int64
	for i := off / pageSize; i < pagesOf(off+n) && count <= limit; i++ {
		if c.page(i) == nil {
			count++
		}
	}
	return count
}

// fits returns how many of n bytes at off can be written when only free more
// pages can be had.
func (c *content) fits(off, n, free int64) int64 {
	for i := off / pageSize; i < pagesOf(off+n); i++ {
		if c.page(i) != nil {
			continue
		}
		if free == 0 {
			return max(0, i*pageSize-off)
		}
		free--
	}
	return n
}

func (c *content) clone() content {
	c.own = nil
	return content{pages: slices.Clone(c.pages), size: c.size, blocks: c.blocks}
}

func pagesOf(size int64) int64 { return (size + pageSize - 1) / pageSize }
