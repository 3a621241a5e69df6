package live

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"mlcfg/internal/cli/ansi"
)

// Screen keeps a view at the bottom of a terminal while lines go by above it.
// Each change is one write. The terminal may be resized at any time.
// Its methods may be called from several goroutines.
type Screen struct {
	w     io.Writer
	size  func() (width, height int)
	style ansi.Style

	mu    sync.Mutex
	shown []string // the lines that are there, none when there is no view
}

// NewScreen draws on a terminal. size is asked before each drawing; where it
// knows no size, 80 by 24 is assumed.
func NewScreen(w io.Writer, size func() (width, height int), style ansi.Style) *Screen {
	return &Screen{w: w, size: size, style: style}
}

// Draw puts the view of s instead of the last one.
func (c *Screen) Draw(s *Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	width, height := c.dimensions()
	text := c.erase(width)
	c.shown = View(s, width, height, c.style)
	c.write(text + c.view())
}

// Print writes a line of the log above the view.
func (c *Screen) Print(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	width, _ := c.dimensions()
	c.write(c.erase(width) + line + "\n" + c.view())
}

// Clear takes the view away.
func (c *Screen) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	width, _ := c.dimensions()
	c.write(c.erase(width))
	c.shown = nil
}

func (c *Screen) dimensions() (width, height int) {
	if width, height = c.size(); width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

func (c *Screen) view() string {
	if len(c.shown) == 0 {
		return ""
	}
	return strings.Join(c.shown, "\n") + "\n"
}

// erase clears the view's lines from the last to the first, one by one: some
// terminals keep what is cleared as a whole in their history. Where the terminal has become narrower it has
// broken the lines that are too long now.
func (c *Screen) erase(width int) string {
	rows := 0
	for _, line := range c.shown {
		rows += 1 + max(visible(line)-1, 0)/width
	}
	return "\r\x1b[2K" + strings.Repeat("\x1b[A\x1b[2K", rows)
}

// visible is how many characters of a line are seen.
func visible(line string) int {
	n := utf8.RuneCountInString(line)
	for {
		at := strings.IndexByte(line, '\x1b')
		if at < 0 {
			return n
		}
		end := strings.IndexByte(line[at:], 'm')
		if end < 0 {
			return n
		}
		n -= end + 1
		line = line[at+end+1:]
	}
}

// write drops the text where the terminal is gone: that does not end a run.
func (c *Screen) write(text string) { _, _ = io.WriteString(c.w, text) }
