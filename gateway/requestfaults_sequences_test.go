package gateway

import "strings"

// targetFaults are about what is asked for.
func targetFaults() []requestFaults {
	at := func(target string) string { return request("GET " + target + " HTTP/1.1") }
	return []requestFaults{
		{class: "target forms", cases: []requestFault{
			{"the server", request("OPTIONS * HTTP/1.1"), "404 probe"},
			{"the server for GET", at("*"), "400"},
			{"an authority", at("h.test:80"), "400"},
			{"no slash", at("a"), "400"},
			{"a query alone", at("?a"), "400"},
			{"another scheme", at("ftp://h.test/"), "400"},
			{"a scheme without a host", at("http:///x"), "400"},
			{"a host without a scheme", at("//i.test/x"), passed},
			{"absolute with a query", at("http://h.test?a=http://i.test/"), passed},
			{"a fragment", at("/#a"), "400"},
			{"a fragment behind a query", at("/?a#b"), "400"},
			{"a URL in the query", at("/?u=http://i.test/"), passed},
		}},
		{class: "paths", cases: []requestFault{
			{"NUL", at("/%00"), "400"},
			{"a raw NUL", at("/\x00"), "400"},
			{"a tab", at("/\ta"), "400"},
			{"a control byte", at("/\x01"), "400"},
			{"DEL", at("/\x7f"), "400"},
			{"half an escape", at("/%2"), "400"},
			{"no escape", at("/%zz"), "400"},
			{"an encoded line end", at("/a%0d%0aHost:%20i.test"), passed},
			{"an encoded request", at("/%20HTTP/1.1%0d%0aX:%20y%0d%0a%0d%0aGET%20/smuggled"), passed},
			{"dots", at("/a/../../b"), passed},
			{"encoded dots", at("/%2e%2e/%2E%2E/etc"), passed},
			{"dots encoded twice", at("/%252e%252e/x"), passed},
			{"an encoded slash", at("/a%2Fb"), passed},
			{"an encoded dot and slash", at("/..%2f..%2fetc"), "400"},
			{"backslashes", at(`/..\..\x`), "400"},
			{"a parameter", at("/a;b=c/..;/d"), "400"},
			{"empty segments", at("//a///b"), passed},
			{"a byte over ASCII", at("/\xe9"), passed},
			{"overlong UTF-8", at("/%c0%ae%c0%ae/x"), passed},
			{"a line separator", at("/\u2028"), passed},
		}},
	}
}

// sequenceFaults are about several requests on one connection.
func sequenceFaults() []requestFaults {
	get := getWith()
	return []requestFaults{
		{class: "pipelines", cases: []requestFault{
			{"three", get + get + get, "200 200 200 probe"},
			{"good and bad", get + getWith("X : a"), "200 400"},
			{"bad and good", getWith("X : a") + get, "400"},
			{"good, bad, good", get + getWith("X: a\r\n b") + get, "200 400"},
			{"a body that is a request", postWith(smuggled, "Content-Length: 40") + get, "200 200 probe"},
			{"a body with chunks that are requests", chunkedPost("28\r\n"+smuggled+"\r\n0\r\n\r\n") + get, "200 200 probe"},
			{"a trailer and a request", chunkedPost("1\r\nx\r\n0\r\nX: y\r\n\r\n") + get, "200 200 probe"},
			{"an empty line between", get + "\r\n" + get, "200 200 probe"},
			{"garbage between", get + "garbage" + get, "200 200 probe"}, // a method that is garbageGET,
			{"a NUL between", get + "\x00" + get, "200 400"},
			{"close in the middle", get + getWith("Connection: close") + get, "200 200"},
			{"HTTP/1.0 in the middle", get + "GET / HTTP/1.0\r\n\r\n" + get, "200 200"},
			{"a kept HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", passed},
			{"too large and good", postWith("", "Content-Length: 262145") + get, "413"},
			{"POST and GET", postWith("hello", "Content-Length: 5") + get, "200 200 probe"},
			{"a length one too short", postWith("hello", "Content-Length: 4") + get, "200 200 probe"}, // of the method oGET,
			{"fifty", strings.Repeat(get, 50), strings.Repeat("200 ", 50) + "probe"},
		}},
		{class: "100-continue", cases: []requestFault{
			{"and a body", postWith("hello", "Expect: 100-continue", "Content-Length: 5"), "100 " + passed},
			{"and chunks", postWith("5\r\nhello\r\n0\r\n\r\n", "Expect: 100-continue", "Transfer-Encoding: chunked"), "100 " + passed},
			{"in capitals", postWith("hello", "Expect: 100-CONTINUE", "Content-Length: 5"), "100 " + passed},
			{"and no body", getWith("Expect: 100-continue"), "100 " + passed},
			{"and an empty body", postWith("", "Expect: 100-continue", "Content-Length: 0"), "100 " + passed},
			{"twice", postWith("hello", "Expect: 100-continue", "Expect: 100-continue", "Content-Length: 5"), "100 " + passed},
			{"and a body over the limit", postWith("", "Expect: 100-continue", "Content-Length: 262145"), "413"},
			{"and two lengths", postWith("hello", "Expect: 100-continue", "Content-Length: 5", "Content-Length: 6"), "400"},
			{"and a body that is a request", postWith(smuggled, "Expect: 100-continue", "Content-Length: 40"), "100 " + passed},
			{"and a bad chunk", postWith("x\r\n", "Expect: 100-continue", "Transfer-Encoding: chunked"), "100 400"},
			{"in HTTP/1.0", request("POST / HTTP/1.0", "Expect: 100-continue", "Content-Length: 5") + "hello", "200"},
			{"something else", postWith("hello", "Expect: a-miracle", "Content-Length: 5"), passed},
			{"obfuscated", postWith("hello", "Expect: y 100-continue", "Content-Length: 5"), passed},
		}},
		{class: "connection options", cases: []requestFault{
			{"the length", postWith(smuggled, "Connection: Content-Length", "Content-Length: 40"), passed},
			{"the encoding", postWith("28\r\n"+smuggled+"\r\n0\r\n\r\n", "Connection: Transfer-Encoding", "Transfer-Encoding: chunked"), passed},
			{"the host", getWith("Connection: Host"), passed},
			{"the host and close", getWith("Connection: close, Host"), "200"},
			{"Authorization", getWith("Connection: Authorization", "Authorization: Basic YTpi"), passed},
			{"X-Forwarded-For", getWith("Connection: X-Forwarded-For"), passed},
			{"the request id", getWith("Connection: X-Request-Id", "X-Request-Id: a"), passed},
			{"empty", getWith("Connection:"), passed},
			{"commas", getWith("Connection: ,,,"), passed},
			{"in two lines", getWith("Connection: keep-alive", "Connection: Host"), passed},
			{"close in the second line", getWith("Connection: keep-alive", "Connection: close"), "200"},
			{"itself", getWith("Connection: Connection"), passed},
		}},
		{class: "upgrades", cases: []requestFault{
			{"h2c", getWith("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"), passed},
			{"h2c and a preface", getWith("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk") + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "200 400"},
			{"a refused websocket", getWith("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 777", "Sec-WebSocket-Key: eA=="), passed},
			{"a refused websocket and a request", getWith("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: eA==") + getWith(), "200 200 probe"},
			{"a refused websocket with a body", postWith(smuggled, "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 40"), passed},
			{"a refused websocket with chunks", postWith("28\r\n"+smuggled+"\r\n0\r\n\r\n", "Connection: Upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked"), passed},
			{"without Connection", getWith("Upgrade: websocket", "Sec-WebSocket-Key: eA=="), passed},
			{"Connection without Upgrade", getWith("Connection: Upgrade"), passed},
			{"of HTTP/1.0", "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "200"},
			{"to TLS", getWith("Connection: Upgrade", "Upgrade: TLS/1.0"), passed},
		}},
	}
}

// extremes are requests at a limit, and beyond it.
func extremes() []requestFaults {
	return []requestFaults{
		{class: "sizes", cases: []requestFault{
			{"a value of 15 kB", getWith("X: " + strings.Repeat("a", 15<<10)), passed},
			{"a value of 17 kB", getWith("X: " + strings.Repeat("a", 17<<10)), "431"},
			{"a target of 15 kB", request("GET /" + strings.Repeat("a", 15<<10) + " HTTP/1.1"), passed},
			{"a target of 17 kB", request("GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1"), "431"},
			{"a name of 15 kB", getWith(strings.Repeat("a", 15<<10) + ": b"), passed},
			{"a method of 17 kB", request(strings.Repeat("A", 17<<10) + " / HTTP/1.1"), "431"},
			{"1000 fields", getWith(strings.Split(strings.Repeat("X: y\n", 1000)+"Z: z", "\n")...), passed},
			{"5000 fields", getWith(strings.Split(strings.Repeat("X: y\n", 5000)+"Z: z", "\n")...), "431"},
			{"a megabyte without a line end", strings.Repeat("a", 1<<20), "431"},
			{"a body at the limit", postWith(strings.Repeat("x", 256<<10), "Content-Length: 262144"), passed},
			{"a body of the limit in chunks", chunkedPost("40000\r\n" + strings.Repeat("x", 0x40000) + "\r\n0\r\n\r\n"), passed},
			{"one-byte chunks", chunkedPost(strings.Repeat("1\r\nx\r\n", 5000) + lastChunk), passed},
		}},
	}
}
