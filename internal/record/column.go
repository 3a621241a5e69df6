package record

import (
	"encoding/binary"
	"math/bits"
)

// blockRows is how many rows of a table are packed together.
const blockRows = 1 << 10

// column holds whole numbers in blocks of blockRows, each number as its distance from
// the least of its block, in as many bytes as the largest distance needs: within a
// block times are close together, and most other fields are nearly the same.
type column struct {
	blocks []packed
}

// packed is one block. Its data goes on for a word's length, so that each number can be
// read as a whole word.
type packed struct {
	least int64
	width uint8 // bytes of a number, 0 to 8
	data  []byte
}

// wordBytes is the length of a word, which is what a number is read as.
const wordBytes = 8

func (c *column) pack(values *[blockRows]int64) {
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	// The distance of any two fits an unsigned word, though it may not fit a signed one.
	p := packed{least: least, width: uint8(bits.Len64(uint64(most)-uint64(least))+7) / 8}
	if p.width > 0 {
		w := int(p.width)
		p.data = make([]byte, (blockRows-1)*w+wordBytes)
		for i, v := range values {
			binary.LittleEndian.PutUint64(p.data[i*w:], uint64(v)-uint64(least)) // the next overwrites what is too much
		}
	}
	c.blocks = append(c.blocks, p)
}

func (p *packed) mask() uint64 { return 1<<(8*p.width) - 1 }

// at is the number in row i of all.
func (c *column) at(i int) int64 {
	p := &c.blocks[i/blockRows]
	if p.width == 0 {
		return p.least
	}
	return int64(uint64(p.least) + binary.LittleEndian.Uint64(p.data[i%blockRows*int(p.width):])&p.mask())
}

// unpack takes a whole block apart.
func (p *packed) unpack(into *[blockRows]int64) {
	least := p.least
	if p.width == 0 {
		for i := range into {
			into[i] = least
		}
		return
	}
	w, mask, data := int(p.width), p.mask(), p.data
	for i := range into {
		into[i] = int64(uint64(least) + binary.LittleEndian.Uint64(data)&mask)
		if i < blockRows-1 {
			data = data[w:]
		}
	}
}
