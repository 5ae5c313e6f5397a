package gateway

import (
	"slices"
	"strings"
)

// answerWith returns the bytes of an answer with these header lines.
func answerWith(body string, lines ...string) string {
	return "HTTP/1.1 200 OK\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n" + body
}

// injected is an answer that nobody has asked for.
const injected = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"

// seenEarlyOrLate: a fault of a body is answered with 502 where it is seen
// before the answer has begun, and cuts the answer off after that. Which of the
// two depends on how the bytes arrive.
const seenEarlyOrLate = "502|cut"

func allAnswerFaults() []answerFaults {
	return slices.Concat(answerFramingFaults(), answerHeadFaults(), bodilessFaults(), unansweredFaults())
}

// answerFramingFaults are about where an answer's body ends.
func answerFramingFaults() []answerFaults {
	const chunked = "Transfer-Encoding: chunked"
	framing := []answerFault{
		{"two lengths", answerWith("hello", "Content-Length: 5", "Content-Length: 6"), "502"},
		{"a list of lengths", answerWith("hello", "Content-Length: 5, 6"), "502"},
		{"a negative length", answerWith("hello", "Content-Length: -5"), "502"},
		{"a signed length", answerWith("hello", "Content-Length: +5"), "502"},
		{"a hexadecimal length", answerWith("hello", "Content-Length: 0x5"), "502"},
		{"a length over 64 bits", answerWith("hello", "Content-Length: 18446744073709551621"), "502"},
		{"an empty length", answerWith("hello", "Content-Length:"), "502"},
		{"a length with letters", answerWith("hello", "Content-Length: 5x"), "502"},
		{"length and encoding", answerWith("5\r\nhello\r\n0\r\n\r\n", "Content-Length: 5", chunked), "502"},
		{"encoding and length", answerWith("5\r\nhello\r\n0\r\n\r\n", chunked, "Content-Length: 5"), "502"},
		{"two encodings", answerWith("5\r\nhello\r\n0\r\n\r\n", chunked, chunked), "502"},
		{"gzip and chunked", answerWith("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: gzip, chunked"), "502"},
		{"xchunked", answerWith("hello", "Transfer-Encoding: xchunked"), "502"},
		{"a vertical tab", answerWith("0\r\n\r\n", "Transfer-Encoding: \vchunked"), "502"},
		{"identity and length", answerWith("hello", "Transfer-Encoding: identity", "Content-Length: 5"), "502"},
		{"a space before the colon", answerWith("hello", "Content-Length : 5"), "502"},
		{"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\n" + chunked + "\r\n\r\n0\r\n\r\n", "502"},
	}
	chunks := []answerFault{
		{"none", answerWith("", chunked), seenEarlyOrLate},
		{"no size", answerWith("\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"no number", answerWith("x\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"a negative size", answerWith("-5\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"0x", answerWith("0x5\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"a size over 64 bits", answerWith("10000000000000005\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"a size of 63 bits", answerWith("7fffffffffffffff\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"longer than it says", answerWith("2\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"shorter than it says", answerWith("9\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"a bare LF", answerWith("5\nhello\n0\n\n", chunked), seenEarlyOrLate},
		{"an extension with a bare LF", answerWith("5;a\nb\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"an endless extension", answerWith("5;"+strings.Repeat("a", 256<<10)+"\r\nhello\r\n0\r\n\r\n", chunked), seenEarlyOrLate},
		{"no last chunk", answerWith("5\r\nhello\r\n", chunked), seenEarlyOrLate},
		{"no end of trailers", answerWith("5\r\nhello\r\n0\r\nX: y\r\n", chunked), seenEarlyOrLate},
		{"a trailer that frames", answerWith("5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", chunked), "200"},
		{"a fold in a trailer", answerWith("5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", chunked), seenEarlyOrLate},
		{"endless trailers", answerWith("5\r\nhello\r\n0\r\n"+strings.Repeat("X: y\r\n", 50_000)+"\r\n", chunked), seenEarlyOrLate},
	}
	return []answerFaults{
		{class: "framing", cases: framing},
		{class: "framing, kept", stays: true, cases: framing[:len(framing)-1]},
		{class: "chunks", cases: chunks},
		{class: "short bodies", cases: []answerFault{
			{"a byte missing", answerWith("hell", "Content-Length: 5"), seenEarlyOrLate},
			{"all missing", answerWith("", "Content-Length: 5"), seenEarlyOrLate},
			{"most of a large one missing", answerWith(strings.Repeat("x", 100<<10), "Content-Length: 10000000"), seenEarlyOrLate},
			{"in a large chunk", answerWith("fffff\r\n"+strings.Repeat("x", 100<<10), chunked), seenEarlyOrLate},
			{"behind many chunks", answerWith(strings.Repeat("1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n", 100), chunked), seenEarlyOrLate},
		}},
		{class: "surplus bytes", stays: true, cases: []answerFault{
			{"an answer behind a length", answerWith("hello"+injected, "Content-Length: 5"), "200"},
			{"an answer behind no body", answerWith(injected, "Content-Length: 0"), "200"},
			{"an answer behind chunks", answerWith("5\r\nhello\r\n0\r\n\r\n"+injected, chunked), "200"},
			{"an answer behind a large body", answerWith(strings.Repeat("x", 200<<10)+injected, "Content-Length: 204800"), "200"},
			{"an answer behind large chunks", answerWith("32000\r\n"+strings.Repeat("x", 0x32000)+"\r\n0\r\n\r\n"+injected, chunked), "200"},
			{"half an answer", answerWith("hello"+injected[:20], "Content-Length: 5"), "200"},
			{"an empty line", answerWith("hello\r\n", "Content-Length: 5"), "200"},
			{"a byte", answerWith("hello!", "Content-Length: 5"), "200"},
			{"many answers", answerWith("hello"+strings.Repeat(injected, 1000), "Content-Length: 5"), "200"},
		}},
		{class: "until the end", cases: []answerFault{
			{"no length", answerWith("hello"), "200"},
			{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", "200"},
			{"HTTP/1.0 that wants to stay", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", "200"},
			{"an answer in the body", answerWith(injected), "200"},
			{"a large body", answerWith(strings.Repeat("x", 200<<10)), "200"},
			{"identity", answerWith("hello", "Transfer-Encoding: identity"), "502"},
		}},
	}
}

// answerHeadFaults are about status line and header.
func answerHeadFaults() []answerFaults {
	head := func(first string) string { return first + "\r\nContent-Length: 0\r\n\r\n" }
	return []answerFaults{
		{class: "status lines", cases: []answerFault{
			{"none", "Content-Length: 0\r\n\r\n", "502"},
			{"HTTP/0.9", "<html>hello</html>", "502"},
			{"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "502"},
			{"HTTP/2 frames", "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "502"},
			{"HTTP/2.0", head("HTTP/2.0 200 OK"), "502"},
			{"HTTP/1.2", head("HTTP/1.2 200 OK"), "200"},
			{"lower case", head("http/1.1 200 OK"), "502"},
			{"another protocol", head("ICY 200 OK"), "502"},
			{"no status", head("HTTP/1.1"), "502"},
			{"no digits", head("HTTP/1.1 abc OK"), "502"},
			{"two digits", head("HTTP/1.1 99 OK"), "502"},
			{"status 000", head("HTTP/1.1 000 OK"), "502"},
			{"status 099", head("HTTP/1.1 099 OK"), "502"},
			{"status 1000", head("HTTP/1.1 1000 OK"), "502"},
			{"a negative status", head("HTTP/1.1 -200 OK"), "502"},
			{"status 20x", head("HTTP/1.1 20x OK"), "502"},
			{"a huge status", head("HTTP/1.1 18446744073709551816 OK"), "502"},
			{"no reason", head("HTTP/1.1 200"), "200"},
			{"status 599", head("HTTP/1.1 599 Odd"), "599"},
			{"two spaces", head("HTTP/1.1  200 OK"), "502"},
			{"a tab", head("HTTP/1.1\t200\tOK"), "502"},
			{"NUL in the reason", head("HTTP/1.1 200 O\x00K"), "502"},
			{"a bare CR in the reason", head("HTTP/1.1 200 OK\rX: y"), "502"},
			{"garbage before", "garbage\r\n" + injected, "502"},
			{"an empty line before", "\r\n" + injected, "502"},
			{"a request", "GET / HTTP/1.1\r\nHost: h.test\r\n\r\n", "502"},
			{"TLS", "\x15\x03\x01\x00\x02\x02\x16", "502"},
		}},
		{class: "header lines", cases: []answerFault{
			{"bare LFs", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "502"},
			{"a bare LF", answerWith("", "X: a\nY: b", "Content-Length: 0"), "502"},
			{"a bare CR", answerWith("", "X: a\rY: b", "Content-Length: 0"), "502"},
			{"a fold", answerWith("", "X: a\r\n b", "Content-Length: 0"), "502"},
			{"a folded length", answerWith("hello", "Content-Length:\r\n 5"), "502"},
			{"a fold in front", answerWith("", " X: a", "Content-Length: 0"), "502"},
			{"NUL in a value", answerWith("", "X: a\x00b", "Content-Length: 0"), "502"},
			{"a control byte in a value", answerWith("", "X: a\x01b", "Content-Length: 0"), "502"},
			{"NUL in a name", answerWith("", "X\x00: a", "Content-Length: 0"), "502"},
			{"a space before the colon", answerWith("", "X : a", "Content-Length: 0"), "502"},
			{"a space in a name", answerWith("", "X Y: a", "Content-Length: 0"), "502"},
			{"no name", answerWith("", ": a", "Content-Length: 0"), "502"},
			{"no colon", answerWith("", "X", "Content-Length: 0"), "502"},
			{"a split cookie", answerWith("", "Set-Cookie: a=b\rSet-Cookie: c=d", "Content-Length: 0"), "502"},
			{"a split location", answerWith("", "Location: /\r\n\r\nHTTP/1.1 200 OK", "Content-Length: 5"), "200"},
			{"a byte over ASCII in a name", answerWith("", "X\xe9: a", "Content-Length: 0"), "502"},
			{"a value of 40 kB", answerWith("", "X: "+strings.Repeat("a", 40<<10), "Content-Length: 0"), "502"},
			{"a megabyte of fields", answerWith("", strings.Repeat("X: y\r\n", 170_000)+"Content-Length: 0"), "502"},
			{"an endless line", strings.Repeat("x", 1<<20), "502"},
		}},
		{class: "connection options of answers", stays: true, cases: []answerFault{
			{"the length", answerWith("hello", "Connection: Content-Length", "Content-Length: 5"), "200"},
			{"the encoding", answerWith("5\r\nhello\r\n0\r\n\r\n", "Connection: Transfer-Encoding", "Transfer-Encoding: chunked"), "200"},
			{"the date", answerWith("hello", "Connection: Date, Server", "Content-Length: 5"), "200"},
			{"close, and it stays", answerWith("hello", "Connection: close", "Content-Length: 5"), "200"},
			{"close in another case", answerWith("hello", "connection: CLOSE", "content-length: 5"), "200"},
			{"close among others", answerWith("hello", "Connection: X, close", "X: y", "Content-Length: 5"), "200"},
			{"a trailer's name", answerWith("5\r\nhello\r\n0\r\nX: y\r\n\r\n", "Trailer: X", "Transfer-Encoding: chunked"), "200"},
			{"an upgrade nobody asked for", answerWith("hello", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 5"), "200"},
		}},
	}
}

// bodilessFaults are about answers that have no body, and say otherwise.
func bodilessFaults() []answerFaults {
	status := func(line string, more ...string) string {
		return "HTTP/1.1 " + line + "\r\n" + strings.Join(append(more, ""), "\r\n") + "\r\n"
	}
	return []answerFaults{
		{class: "interim answers", cases: []answerFault{
			{"100", status("100 Continue") + injected, "200"},
			{"102 and 103", status("102 Processing") + status("103 Early Hints", "Link: </x>") + injected, "200"},
			{"103 alone", status("103 Early Hints"), "502"},
			{"100 with a length", status("100 Continue", "Content-Length: 5") + injected, "200"},
			{"a flood", strings.Repeat(status("103 Early Hints", "X: "+strings.Repeat("a", 1000)), 5000) + injected, "502"},
			{"101", status("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket") + injected, "502"},
			{"101 without a protocol", status("101 Switching Protocols") + injected, "502"},
			{"101 behind 100", status("100 Continue") + status("101 Switching Protocols", "Connection: Upgrade", "Upgrade: h2c"), "502"},
		}},
		{class: "empty answers with bodies", stays: true, cases: []answerFault{
			{"204 and a length", status("204 No Content", "Content-Length: 5") + "wrong", "204"},
			{"204 and chunks", status("204 No Content", "Transfer-Encoding: chunked") + "5\r\nwrong\r\n0\r\n\r\n", "204"},
			{"204 and an answer", status("204 No Content") + injected, "204"},
			{"304 and a body", status("304 Not Modified", "Content-Length: 5") + "wrong", "304"},
			{"304 and an answer", status("304 Not Modified", "Content-Length: 43") + injected, "304"},
			{"205 and a body", status("205 Reset Content", "Content-Length: 5") + "wrong", "205"},
		}},
		{class: "HEAD", method: "HEAD", stays: true, cases: []answerFault{
			{"a length", answerWith("", "Content-Length: 5"), "200"},
			{"a body", answerWith("wrong", "Content-Length: 5"), "200"},
			{"an answer as body", answerWith(injected, "Content-Length: 43"), "200"},
			{"chunks announced", answerWith("", "Transfer-Encoding: chunked"), "200"},
			{"chunks", answerWith("5\r\nwrong\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), "200"},
			{"no length", answerWith(""), "200"},
			{"two lengths", answerWith("", "Content-Length: 5", "Content-Length: 6"), "502"},
		}},
	}
}

// unansweredFaults are about connections that end or stall.
func unansweredFaults() []answerFaults {
	return []answerFaults{
		{class: "ends", cases: []answerFault{
			{"at once", "", "502"},
			{"in the status line", "HTTP/1.1 2", "502"},
			{"behind the status line", "HTTP/1.1 200 OK\r\n", "502"},
			{"in the header", "HTTP/1.1 200 OK\r\nContent-Le", "502"},
			{"before the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "502"},
		}},
		{class: "stalls", stays: true, more: "first_byte_timeout = '300ms'\nread_timeout = '300ms'", cases: []answerFault{
			{"at once", "", "504"},
			{"in the header", "HTTP/1.1 200 OK\r\nContent-Le", "504"},
			{"in a body", answerWith("hell", "Content-Length: 5"), "504|cut"},
			{"in a large body", answerWith(strings.Repeat("x", 100<<10), "Content-Length: 204800"), "cut"},
			{"in a chunk", answerWith("5\r\nhell", "Transfer-Encoding: chunked"), "504|cut"},
		}},
	}
}
