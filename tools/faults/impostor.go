package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
)

// serveImpostor answers every request for tokens with the same bytes and closes
// the connection, and what is asked before a run as an engine would.
func serveImpostor(l net.Listener, answer string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in := bufio.NewReader(c)
			for {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				switch r.URL.Path {
				case "/health":
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				case "/v1/models":
					const models = `{"data":[{"id":"impostor"}]}`
					_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Simulated: true\r\nContent-Length: %d\r\n\r\n%s", len(models), models)
				case "/metrics":
					_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				default:
					_, _ = io.WriteString(c, answer)
					return
				}
			}
		}()
	}
}
