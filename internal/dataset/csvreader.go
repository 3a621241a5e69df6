package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// csvReader reads records as pandas does: line ends within quotes stay as they are,
// and a quote within an unquoted cell is a character. encoding/csv would make \n of
// \r\n in a cell.
type csvReader struct {
	r         *bufio.Reader
	comma     byte
	line, col int // of the next byte, from 1 on
	data      []byte
	cells     []csvCell
}

// csvCell is one cell of the record under way: where its bytes lie in data, and where
// it stands in the file.
type csvCell struct{ from, to, line, col int }

func newCSVReader(r io.Reader, comma byte) *csvReader {
	return &csvReader{r: bufio.NewReaderSize(r, 256<<10), comma: comma, line: 1, col: 1}
}

// next reads the next record, passing over empty lines; io.EOF at the end.
func (c *csvReader) next() error {
	c.data, c.cells = c.data[:0], c.cells[:0]
	for {
		b, err := c.r.Peek(1)
		if err != nil {
			return err
		}
		if b[0] != '\n' && b[0] != '\r' {
			break
		}
		if _, err := c.byte(); err != nil {
			return err
		}
	}
	for {
		more, err := c.cell()
		if err != nil || !more {
			return err
		}
	}
}

// bytes returns cell i.
func (c *csvReader) bytes(i int) []byte { return c.data[c.cells[i].from:c.cells[i].to] }

// byte reads one byte; a line end counts once, however it is written.
func (c *csvReader) byte() (byte, error) {
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, err
	}
	c.col++
	ends := b == '\n'
	if b == '\r' {
		after, _ := c.r.Peek(1)
		ends = len(after) == 0 || after[0] != '\n'
	}
	if ends {
		c.line, c.col = c.line+1, 1
	}
	return b, nil
}

// cell reads one cell and what ends it; more reports whether that is a comma.
func (c *csvReader) cell() (more bool, err error) {
	cell := csvCell{from: len(c.data), line: c.line, col: c.col}
	b, err := c.byte()
	if err == nil && b == '"' {
		if b, err = c.quoted(cell); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
	} else {
		for err == nil && b != c.comma && b != '\n' && b != '\r' {
			c.data = append(c.data, b)
			b, err = c.byte()
		}
	}
	cell.to = len(c.data)
	c.cells = append(c.cells, cell)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if b == '\r' {
		if after, _ := c.r.Peek(1); len(after) == 1 && after[0] == '\n' {
			_, err = c.byte()
		}
	}
	return b == c.comma, err
}

// quoted reads up to the closing quote and returns the byte behind it.
func (c *csvReader) quoted(cell csvCell) (byte, error) {
	for {
		b, err := c.byte()
		if errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("line %d, column %d: a quoted cell that is not closed", cell.line, cell.col)
		}
		if err != nil {
			return 0, err
		}
		if b != '"' {
			c.data = append(c.data, b)
			continue
		}
		line, col := c.line, c.col
		if b, err = c.byte(); err != nil {
			return 0, err
		}
		switch b {
		case '"':
			c.data = append(c.data, b)
		case c.comma, '\n', '\r':
			return b, nil
		default:
			return 0, fmt.Errorf("line %d, column %d: %q behind a closing quote: a quote within a quoted cell is written twice", line, col, b)
		}
	}
}
