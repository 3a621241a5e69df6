package main

import (
	"bytes"
	"math/rand/v2"
)

// words are what YAML, its types, the compiler and pickles give a meaning.
var words = [][]byte{
	[]byte("&a "), []byte("*a"), []byte("<<: *a\n"), []byte("!!python/object/apply:os.system "), []byte("!!binary "), []byte("? "), []byte("--- "), []byte("...\n"),
	[]byte("null"), []byte("~"), []byte("None"), []byte("MISSING"), []byte("???"), []byte("${a.b}"), []byte("${oc.env:HOME}"), []byte("${${x}}"), []byte("yes"), []byte("1_000"), []byte("0x"), []byte("1:30:00"),
	[]byte(".inf"), []byte("-.NaN"), []byte("1e999"), []byte("99999999999999999999999"), []byte("-1"), []byte("\t"), []byte("\r\n"), []byte("\xef\xbb\xbf"), []byte("\u2028"), []byte("\x1b[2J"), []byte("\x00"), []byte("\xff\xfe"),
	[]byte("["), []byte("]"), []byte("{"), []byte("}"), []byte(": "), []byte("- "), []byte("\n  "), []byte("|+2\n"), []byte(">-\n"), []byte("\""), []byte("'"), []byte("%YAML 9.9\n"), []byte("#"),
	[]byte("vllm_engine_config:\n"), []byte("sglang_engine_config:\n"), []byte("harness_config:\n"), []byte("benchmark_name: x\n"), []byte("scenario: server\n"),
	[]byte("\x80\x04"), []byte("\x95\xff\xff\xff\xff\xff\xff\xff\x7f"), []byte("cos\nsystem\n"), []byte("\x93"), []byte("R"), []byte("."), []byte("(t"), []byte("q\x00"), []byte("h\x00"), []byte("\x94"), []byte("B\xff\xff\xff\x7f"), []byte("\x8a\xff"), []byte("2"), []byte("e"),
}

// damage changes a text in one to eight places, most often in one: a text that is
// damaged much is refused at its beginning.
func damage(rng *rand.Rand, text, other []byte) []byte {
	out := bytes.Clone(text)
	places := 1
	if rng.IntN(5) < 2 {
		places += rng.IntN(8)
	}
	for range places {
		at, end := span(rng, len(out))
		switch rng.IntN(9) {
		case 0: // a bit
			if len(out) > 0 {
				out[at%len(out)] ^= 1 << rng.IntN(8)
			}
		case 1: // a byte of chance
			if len(out) > 0 {
				out[at%len(out)] = byte(rng.Uint32())
			}
		case 2: // a part is taken out
			out = append(out[:at:at], out[end:]...)
		case 3: // a part is there twice
			out = splice(out, end, out[at:end])
		case 4: // a part is there many times
			out = splice(out, end, bytes.Repeat(out[at:min(end, at+64)], 1+rng.IntN(200)))
		case 5: // cut off
			out = out[:end]
		case 6: // a part of another input
			from, to := span(rng, len(other))
			out = splice(out, at, other[from:to])
		default:
			out = splice(out, at, words[rng.IntN(len(words))])
		}
		if len(out) > 1<<20 {
			out = out[:1<<20]
		}
	}
	return out
}

// span is a part of a text of that length.
func span(rng *rand.Rand, length int) (from, to int) {
	from = rng.IntN(length + 1)
	return from, from + rng.IntN(min(length-from, 200)+1)
}

func splice(text []byte, at int, piece []byte) []byte {
	return append(append(text[:at:at], piece...), text[at:]...)
}
