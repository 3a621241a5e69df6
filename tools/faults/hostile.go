package main

import (
	"io"
	"net"
	"strings"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// brief makes a run of 60 requests.
func brief(_ *manifest.Manifest, s *loadgen.Settings) {
	s.MinDuration, s.MinQueryCount = 300*time.Millisecond, 60
}

// enoughToJudge makes a run that early stopping can judge, in a second and a half.
func enoughToJudge(_ *manifest.Manifest, s *loadgen.Settings) {
	s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = 300*time.Millisecond, 600, 400
}

// briefGenerate is brief with /generate.
func briefGenerate(m *manifest.Manifest, s *loadgen.Settings) {
	brief(m, s)
	generate(m, s)
}

// enough is the memory that a run may take whatever an engine sends, in MiB: what
// answers may hold together, and the collector's share.
const enough = 900

const (
	allFail = `\d+ of \d+ requests failed`
	hangs   = `engine replica \d( at \S+)? hangs: nothing came from it for .+ with .+ requests in flight`
)

// hostileEngines send without end, or what brings no answer nearer, or what no
// engine should.
func hostileEngines() []fault {
	var all []fault
	add := func(name string, i impostor, f fault) {
		f.name, f.setup, f.memory = "an engine that "+name, i.start, enough
		if f.manifest == nil {
			f.manifest = brief
		}
		if f.command == nil {
			f.command = append(external[:len(external):len(external)], f.args...)
		}
		all = append(all, f)
	}
	failing, hanging, fine := fault{exit: 1, says: allFail}, fault{exit: 2, says: hangs, args: []string{"--stall-timeout", "1s"}}, fault{manifest: enoughToJudge, args: []string{"--late-limit", "10m", "--no-resource-check"}}
	short := func(f fault) fault { f.short = true; return f }

	token := `data: {"choices":[{"index":0,"text":"a","finish_reason":null}]}` + "\n\n"
	add("sends one line without end", endless(openHead, "xxxxxxxx"), short(failing))
	add("sends data lines of one event without end", endless(openHead, "data: xxxxxxxx\n"), failing)
	add("sends tokens without end", endless(openHead, token), failing)
	add("sends token ids without end in one event", endless(openHead+`data: {"choices":[{"index":0,"text":"","token_ids":[1`, ",1"), failing)
	add("sends events of 4 MB", endless(openHead, `data: {"choices":[{"index":0,"text":"`+strings.Repeat("a", 4_000_000)+`","finish_reason":null}]}`+"\n\n"), failing)
	add("sends a single body without end", endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "xxxxxxxx"), failing)
	add("sends interim responses without end", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), failing)
	add("sends trailers without end", endless(streamHead+"0\r\n", "X: y\r\n"), failing)
	add("sends a chunk's extensions without end", endless(streamHead+"5;", "xxxx"), failing)
	add("sends a head without end", endless("HTTP/1.1 200 OK\r\n", "X: y\r\n"), failing)
	add("sends a body of an error without end", endless("HTTP/1.1 500 Oops\r\n\r\n", "oops "), fault{exit: 2, says: hangs, args: []string{"--stall-timeout", "1s"}})
	add("sends /generate's whole answer without end", endless(openHead+`data: {"text":"`, "aaaaaaaa"), fault{exit: 1, says: allFail, manifest: briefGenerate})
	add("sends /generate's token ids without end", endless(openHead+`data: {"output_ids":[1`, ",1"), fault{exit: 1, says: allFail, manifest: briefGenerate})

	many := func(f fault) fault {
		f.manifest = func(m *manifest.Manifest, s *loadgen.Settings) {
			s.Scenario, s.MinQueryCount = loadgen.Offline, 1
			s.MinDuration, s.OfflineExpectedQPS = time.Second, 512
			m.Scenario, m.Variant = "offline", "offline"
		}
		f.args = []string{"--concurrency", "256"}
		return f
	}
	add("sends one line without end on 256 connections", endless(openHead, "xxxxxxxx"), many(failing))
	add("sends tokens without end on 256 connections", endless(openHead, token), many(failing))
	add("sends token ids without end in one event on 256 connections", endless(openHead+`data: {"choices":[{"index":0,"text":"","token_ids":[1`, ",1"), many(failing))
	add("sends a single body without end on 256 connections", endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "xxxxxxxx"), many(failing))

	add("sends comments alone", drip(streamHead, "8\r\n: ping\n\n\r\n"), short(hanging))
	add("sends interim responses alone", drip("", "HTTP/1.1 103 Early Hints\r\n\r\n"), hanging)
	add("sends trailers alone", drip(streamHead+"0\r\n", "X: y\r\n"), hanging)
	add("sends its head line by line, for ever", drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), hanging)
	add("sends events without tokens", drip(openHead, `data: {"choices":[]}`+"\n\n"), hanging)
	add("sends an error's body byte by byte", drip("HTTP/1.1 500 Oops\r\n\r\n", "x"), hanging)
	add("sends nothing of /generate but comments", drip(openHead, ": ping\n\n"), fault{exit: 2, says: hangs, args: hanging.args, manifest: briefGenerate})

	add("answers in gzip", says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"), failing)
	add("redirects to another host", says("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"), failing)
	add("redirects when asked how it is", impostor{answer: nil, health: "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"}, fault{exit: 2, says: `does not serve: /health answers 307`})
	add("answers 429 and closes", says("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n\r\nslow down"), failing)
	add("answers 413 and closes", says("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n"), failing)
	add("changes to another protocol", says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), failing)
	add("names two lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), failing)
	add("reports an error within the stream", says(openHead+`data: {"error":{"message":"CUDA out of memory"}}`+"\n\ndata: [DONE]\n\n"), failing)
	add("ends with finish_reason error", says(openHead+strings.Replace(stream("\n"), `"length"`, `"error"`, 1)), failing)
	add("answers a page", says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>"), failing)
	add("closes every connection without an answer", impostor{answer: func(net.Conn, int64, int64) bool { return false }}, failing)

	add("ends lines with CR and begins with a byte-order mark", says(openHead+"\xef\xbb\xbf"+stream("\r")), fine)
	add("answers as HTTP/1.0", says("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"+stream("\n")), fine)
	add("closes connections after each answer, without a word", quickly(func(net.Conn) bool { return false }), fine)
	add("resets connections after each answer", quickly(func(w net.Conn) bool {
		if tcp, ok := w.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return false
	}), fine)
	closing := quickly(stays)
	closing.idle = 30 * time.Millisecond
	add("closes connections that are unused for 30 ms", closing, fine)
	every := quickly(stays)
	answer := every.answer
	every.answer = func(w net.Conn, n, here int64) bool { return (here == 1 || n%7 != 0) && answer(w, n, here) }
	add("closes each 7th connection that was used when a request is on its way", every, fine)
	slow := impostor{answer: func(w net.Conn, _, _ int64) bool {
		for _, c := range strings.SplitAfter(whole(), "\n\n") {
			time.Sleep(time.Millisecond)
			if _, err := io.WriteString(w, c); err != nil {
				return false
			}
		}
		return true
	}}
	add("answers event by event", slow, fine)

	// What is odd and means the same.
	text := stream("\n")
	add("sends a field at a time: comments, ids, retry, event names", says(openHead+strings.ReplaceAll(text, "data: ", ": ping\nid: 7\nretry: 100\nevent: message\ndata: ")), fine)
	add("sends data: without a space", says(openHead+strings.ReplaceAll(text, "data: ", "data:")), fine)
	add("sends an event in several data lines", says(openHead+strings.ReplaceAll(text, `,"choices"`, ",\ndata: \"choices\"")), fine)
	add("ends with half an event's empty line", says(openHead+strings.TrimSuffix(text, "\n")), fine)
	add("sends one byte a chunk", says(streamHead+byteChunks(text, "")+"0\r\n\r\n"), fine)
	add("sends chunks with extensions and trailers", says(streamHead+byteChunks(text, ";x=y")+"0\r\nX: y\r\n\r\n"), fine)
	add("sends 103 before each answer", says("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+openHead+text), fine)
	add("names its media type with a charset, in capitals", says("HTTP/1.1 200 OK\r\nCONTENT-TYPE: Text/Event-Stream; charset=UTF-8\r\n\r\n"+text), fine)

	// What is no answer.
	for _, encoding := range []string{"deflate", "br", "zstd", "gzip, identity"} {
		add("answers in "+encoding, says("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: "+encoding+"\r\n\r\n\x78\x9c\x01"), failing)
	}
	for _, status := range []string{"204 No Content", "205 Reset Content", "206 Partial Content", "304 Not Modified", "402 Payment Required", "503 Service Unavailable"} {
		add("answers "+status, says("HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n"), failing)
	}
	for _, code := range []string{"301", "302", "303", "308"} {
		add("redirects by "+code+" to itself", says("HTTP/1.1 "+code+" Moved\r\nLocation: /v1/completions\r\nContent-Length: 0\r\n\r\n"), failing)
	}
	first, _, _ := strings.Cut(text, "\n\n")
	add("names a length that is too short", says("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 20\r\n\r\n"+text), failing)
	add("names a length that is too long, and closes", says("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99999\r\n\r\n"+text), failing)
	add("names a negative length", says("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), failing)
	add("names a chunk's size of 2^70", says(streamHead+"400000000000000000\r\n"+text), failing)
	add("ends within an event", says(openHead+first[:len(first)-9]), failing)
	add("ends after the first token", says(openHead+first+"\n\n"), failing)
	add("resets after the first token", impostor{answer: func(w net.Conn, _, _ int64) bool {
		_, _ = io.WriteString(w, openHead+first+"\n\n")
		if tcp, ok := w.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return false
	}}, failing)
	const word = "s3cretWord"
	repeats := failing
	repeats.secret = word
	add("repeats a credential in an error", says("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n{\"error\":\"Incorrect API key sk-0123456789"+word+" at https://u:"+word+"@h/?token="+word+"\"}"), repeats)
	add("repeats a credential within the stream", says(openHead+"data: {\"error\":{\"message\":\"Authorization: Bearer 0123456789"+word+"\"}}\n\n"), repeats)
	add("sends event: error", says(openHead+"event: error\ndata: {\"error\":{\"message\":\"no\",\"code\":500}}\n\n"), failing)
	add("sends NUL and bytes that are not UTF-8 for JSON", says(openHead+"data: {\x00\xff\xfe}\n\n"), failing)
	add("sends JSON 100,000 deep", says(openHead+"data: "+strings.Repeat(`{"a":[`, 100_000)+"\n\n"), failing)
	add("sends JSON 100,000 deep that ends", says(openHead+`data: {"a":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+"}\n\ndata: [DONE]\n\n"), failing)

	under := quickly(stays)
	under.tls = true
	add("has a certificate that nobody vouches for", under, fault{exit: 2, says: `does not serve: .*certificate`})
	trusted := fine
	trusted.before = []string{"sh", "-c", `SSL_CERT_FILE=cert.pem exec "$0" "$@"`}
	add("speaks TLS, with a certificate that SSL_CERT_FILE names", under, trusted)
	endlessTLS := endless(openHead, token)
	endlessTLS.tls = true
	failingTLS := failing
	failingTLS.before = trusted.before
	add("sends tokens without end under TLS", endlessTLS, failingTLS)
	named := quickly(stays)
	named.host = "localhost"
	add("is named by a name with several addresses", named, fine)
	add("speaks no TLS where https was named", quickly(stays), fault{exit: 2, says: `does not serve`, command: []string{"run", manifestName, "--map", "/data=data", "--out", runName, "--external", impostorTLS}})
	return all
}

// byteChunks is a text in chunks of one byte, with an extension each.
func byteChunks(text, extension string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteString("1" + extension + "\r\n" + text[i:i+1] + "\r\n")
	}
	return b.String()
}

// generateFaults are those of the simulated engine under SGLang's /generate.
func generateFaults() []fault {
	var all []fault
	for _, f := range []struct{ what, spec string }{
		{"connections broken", "break-every=7"}, {"malformed streams", "malformed-every=7"}, {"late tokens", "late-every=7"},
	} {
		all = append(all, fault{name: backend.SGLang + "'s /generate: " + f.what + ", each 7th", manifest: generate, args: simFault(f.spec), exit: 1, says: allFail})
	}
	return append(all, fault{
		name: backend.SGLang + "'s /generate: engine ends by itself", exit: 2, says: `engine replica \d ended by itself: exit status 137`, args: simFault("die-after=100"),
		manifest: func(m *manifest.Manifest, s *loadgen.Settings) { long(m, s); generate(m, s) },
	})
}
