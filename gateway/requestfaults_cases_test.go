package gateway

import (
	"slices"
	"strings"
)

// request returns the bytes of a request with these header lines besides Host.
func request(first string, lines ...string) string {
	return first + "\r\n" + strings.Join(append([]string{"Host: h.test"}, lines...), "\r\n") + "\r\n\r\n"
}

func getWith(lines ...string) string { return request("GET / HTTP/1.1", lines...) }

func postWith(body string, lines ...string) string {
	return request("POST / HTTP/1.1", lines...) + body
}

// chunkedPost is a post with a body in chunks.
func chunkedPost(body string) string { return postWith(body, "Transfer-Encoding: chunked") }

const (
	passed    = "200 probe"
	smuggled  = "GET /smuggled HTTP/1.1\r\nHost: h.test\r\n\r\n"
	lastChunk = "0\r\n\r\n"
)

func allRequestFaults() []requestFaults {
	return slices.Concat(framingFaults(), chunkFaults(), syntaxFaults(), targetFaults(), sequenceFaults(), extremes())
}

// framingFaults are about where a body ends.
func framingFaults() []requestFaults {
	both := func(encoding string) string {
		return postWith(lastChunk+smuggled, "Content-Length: 45", encoding)
	}
	return []requestFaults{
		{class: "length and encoding", cases: []requestFault{
			{"length first", postWith(lastChunk, "Content-Length: 5", "Transfer-Encoding: chunked"), "400"},
			{"encoding first", postWith(lastChunk, "Transfer-Encoding: chunked", "Content-Length: 5"), "400"},
			{"length decides", both("Transfer-Encoding: chunked"), "400"},
			{"encoding decides", postWith("28\r\n"+smuggled+"\r\n0\r\n\r\n", "Content-Length: 4", "Transfer-Encoding: chunked"), "400"},
			{"a zero length", postWith(lastChunk, "Content-Length: 0", "Transfer-Encoding: chunked"), "400"},
			{"other case", both("tRANSFER-eNCODING: CHUNKED"), "400"},
			{"in a GET", getWith("Content-Length: 5", "Transfer-Encoding: chunked") + lastChunk, "400"},
			{"in HTTP/1.0", request("POST / HTTP/1.0", "Content-Length: 5", "Transfer-Encoding: chunked") + lastChunk, "400"},
			{"a kept HTTP/1.0", request("POST / HTTP/1.0", "Connection: keep-alive", "Content-Length: 5", "Transfer-Encoding: chunked") + lastChunk, "400"},
			{"removed by Connection", postWith(lastChunk+smuggled, "Connection: Transfer-Encoding", "Content-Length: 45", "Transfer-Encoding: chunked"), "400"},
		}},
		{class: "odd encodings with a length", cases: []requestFault{
			{"xchunked", both("Transfer-Encoding: xchunked"), "400"},
			{"chunkedx", both("Transfer-Encoding: chunkedx"), "400"},
			{"a vertical tab", both("Transfer-Encoding: \vchunked"), "400"},
			{"a form feed", both("Transfer-Encoding: \fchunked"), "400"},
			{"a tab", both("Transfer-Encoding:\tchunked"), "400"},
			{"two spaces", both("Transfer-Encoding:  chunked"), "400"},
			{"no space", both("Transfer-Encoding:chunked"), "400"},
			{"a space before the colon", both("Transfer-Encoding : chunked"), "400"},
			{"a tab before the colon", both("Transfer-Encoding\t: chunked"), "400"},
			{"a space before the name", both(" Transfer-Encoding: chunked"), "400"},
			{"quotes", both(`Transfer-Encoding: "chunked"`), "400"},
			{"a comma", both("Transfer-Encoding: ,chunked"), "400"},
			{"identity", both("Transfer-Encoding: identity"), "400"},
			{"chunked, identity", both("Transfer-Encoding: chunked, identity"), "400"},
			{"identity, chunked", both("Transfer-Encoding: identity, chunked"), "400"},
			{"chunked twice", both("Transfer-Encoding: chunked, chunked"), "400"},
			{"empty", both("Transfer-Encoding:"), "400"},
			{"folded", both("Transfer-Encoding:\r\n chunked"), "400"},
			{"folded name", both("Transfer-\r\n Encoding: chunked"), "400"},
			{"a bare CR", both("X: y\rTransfer-Encoding: chunked"), "400"},
			{"a bare LF", both("X: y\nTransfer-Encoding: chunked"), "400"},
			{"NUL behind it", both("Transfer-Encoding: chunked\x00"), "400"},
			{"NUL in the name", both("Transfer-Encoding\x00: chunked"), "400"},
			{"an underscore", both("Transfer_Encoding: chunked"), passed},
			{"a byte over ASCII", both("Transfer-Encoding: chunked\xa0"), "400"},
			{"a long s", both("Tran\u017ffer-Encoding: chunked"), "400"},
			{"two lines", both("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), "400"},
		}},
		{class: "odd encodings alone", cases: []requestFault{
			{"chunked", chunkedPost(lastChunk), passed},
			{"mixed case", postWith(lastChunk, "Transfer-Encoding: cHuNkEd"), passed},
			{"spaces behind it", postWith(lastChunk, "Transfer-Encoding: chunked \t"), passed},
			{"two lines", postWith(lastChunk, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "400"},
			{"gzip first", postWith(lastChunk, "Transfer-Encoding: gzip, chunked"), "400"},
			{"gzip last", postWith(lastChunk, "Transfer-Encoding: chunked, gzip"), "400"},
			{"gzip", postWith("", "Transfer-Encoding: gzip"), "400"},
			{"identity", postWith("", "Transfer-Encoding: identity"), "400"},
			{"a parameter", postWith(lastChunk, "Transfer-Encoding: chunked;q=1"), "400"},
			{"in HTTP/1.0", request("POST / HTTP/1.0", "Transfer-Encoding: chunked") + lastChunk, "400"},
			{"in a GET", getWith("Transfer-Encoding: chunked") + lastChunk, passed},
		}},
		{class: "lengths", cases: []requestFault{
			{"right", postWith("hello", "Content-Length: 5"), passed},
			{"leading zeros", postWith("hello", "Content-Length: 0005"), passed},
			{"spaces around", postWith("hello", "Content-Length: \t 5 \t"), passed},
			{"two", postWith("hello"+smuggled, "Content-Length: 5", "Content-Length: 45"), "400"},
			{"two alike", postWith("hello", "Content-Length: 5", "Content-Length: 5"), "400"},
			{"two, the first zero", postWith(smuggled, "Content-Length: 0", "Content-Length: 40"), "400"},
			{"a list", postWith("hello", "Content-Length: 5, 5"), "400"},
			{"a list of others", postWith("hello", "Content-Length: 5, 6"), "400"},
			{"negative", postWith("", "Content-Length: -1"), "400"},
			{"minus zero", postWith("", "Content-Length: -0"), "400"},
			{"plus", postWith("hello", "Content-Length: +5"), "400"},
			{"hexadecimal", postWith("hello", "Content-Length: 0x5"), "400"},
			{"hexadecimal digits", postWith("hello", "Content-Length: a"), "400"},
			{"an exponent", postWith("hello", "Content-Length: 5e0"), "400"},
			{"a fraction", postWith("hello", "Content-Length: 5.0"), "400"},
			{"underscores", postWith("hello", "Content-Length: 0_5"), "400"},
			{"a space within", postWith("hello", "Content-Length: 0 5"), "400"},
			{"a comma behind", postWith("hello", "Content-Length: 5,"), "400"},
			{"quotes", postWith("hello", `Content-Length: "5"`), "400"},
			{"empty", postWith("", "Content-Length:"), "400"},
			{"a word", postWith("", "Content-Length: five"), "400"},
			{"over 63 bits", postWith("", "Content-Length: 9223372036854775808"), "400"},
			{"over 64 bits", postWith("hello", "Content-Length: 18446744073709551621"), "400"},
			{"a hundred digits", postWith("", "Content-Length: "+strings.Repeat("9", 100)), "400"},
			{"other digits", postWith("hello", "Content-Length: \u0665"), "400"},
			{"a vertical tab", postWith("hello", "Content-Length: \v5"), "400"},
			{"over the limit", postWith("", "Content-Length: 262145"), "413"},
			{"an underscore", postWith("", "Content_Length: 42"), passed},
			{"folded", postWith("hello", "Content-Length:\r\n 5"), "400"},
		}},
		{class: "bodies that nobody expects", cases: []requestFault{
			{"GET", getWith("Content-Length: 40") + smuggled, passed},
			{"HEAD", request("HEAD / HTTP/1.1", "Content-Length: 40") + smuggled, passed},
			{"DELETE", request("DELETE / HTTP/1.1", "Content-Length: 40") + smuggled, passed},
			{"OPTIONS", request("OPTIONS / HTTP/1.1", "Content-Length: 40") + smuggled, passed},
			{"a method of one's own", request("BREW / HTTP/1.1", "Content-Length: 40") + smuggled, passed},
			{"GET in chunks", getWith("Transfer-Encoding: chunked") + "28\r\n" + smuggled + "\r\n0\r\n\r\n", passed},
			{"HEAD in chunks", request("HEAD / HTTP/1.1", "Transfer-Encoding: chunked") + "28\r\n" + smuggled + "\r\n0\r\n\r\n", passed},
			{"POST without a length", postWith(smuggled), "200 200 probe"},
			{"multipart", postWith(smuggled, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 40"), passed},
			{"a large one", postWith(strings.Repeat("x", 200<<10), "Content-Length: 204800"), passed},
			{"a large one in chunks", chunkedPost("32000\r\n" + strings.Repeat("x", 0x32000) + "\r\n0\r\n\r\n"), passed},
		}},
	}
}

// chunkFaults are about a body in chunks.
func chunkFaults() []requestFaults {
	return []requestFaults{
		{class: "chunk sizes", cases: []requestFault{
			{"capitals and zeros", chunkedPost("00A\r\n0123456789\r\n000\r\n\r\n"), passed},
			{"none", chunkedPost("\r\n" + smuggled), "400"},
			{"negative", chunkedPost("-1\r\na\r\n0\r\n\r\n"), "400"},
			{"plus", chunkedPost("+1\r\na\r\n0\r\n\r\n"), "400"},
			{"0x", chunkedPost("0x1\r\na\r\n0\r\n\r\n"), "400"},
			{"a space in front", chunkedPost(" 1\r\na\r\n0\r\n\r\n"), "400"},
			{"a space behind", chunkedPost("1 \r\na\r\n0\r\n\r\n"), passed},
			{"no digit", chunkedPost("g\r\n\r\n0\r\n\r\n"), "400"},
			{"a digit and a letter", chunkedPost("1g\r\na\r\n0\r\n\r\n"), "400"},
			{"underscores", chunkedPost("1_0\r\n0123456789abcdef\r\n0\r\n\r\n"), "400"},
			{"over 64 bits", chunkedPost("10000000000000001\r\na\r\n0\r\n\r\n"), "400"},
			{"63 bits", chunkedPost("7fffffffffffffff\r\na\r\n0\r\n\r\n"), "400"},
			{"64 bits", chunkedPost("ffffffffffffffff\r\na\r\n0\r\n\r\n"), "400"},
			{"minus two", chunkedPost("fffffffffffffffe\r\na\r\n0\r\n\r\n"), "400"},
			{"a thousand zeros", chunkedPost(strings.Repeat("0", 1000) + "1\r\na\r\n0\r\n\r\n"), "400"},
			{"over the limit", chunkedPost("40001\r\n" + strings.Repeat("x", 0x40001) + "\r\n0\r\n\r\n"), "413"},
			{"many over the limit", chunkedPost(strings.Repeat("1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n", 65) + lastChunk), "413"},
		}},
		{class: "chunk line ends", cases: []requestFault{
			{"a bare LF behind the size", chunkedPost("1\na\r\n0\r\n\r\n"), "400"},
			{"a bare CR behind the size", chunkedPost("1\ra\r\n0\r\n\r\n"), "400"},
			{"a bare LF behind the data", chunkedPost("1\r\na\n0\r\n\r\n"), "400"},
			{"nothing behind the data", chunkedPost("1\r\na0\r\n\r\n"), "400"},
			{"other bytes behind the data", chunkedPost("1\r\naXX0\r\n\r\n"), "400"},
			{"data longer than it says", chunkedPost("2\r\nabc\r\n0\r\n\r\n"), "400"},
			{"data shorter than it says", chunkedPost("4\r\nabc\r\n0\r\n\r\n"), "400"},
			{"bare LFs at the end", chunkedPost("1\r\na\r\n0\n\n"), "400"},
			{"a bare LF at the very end", chunkedPost("1\r\na\r\n0\r\n\n"), passed}, // as a trailer's
			{"LF and CR", chunkedPost("1\n\ra\r\n0\r\n\r\n"), "400"},
			{"two CRs", chunkedPost("1\r\r\na\r\n0\r\n\r\n"), "400"},
		}},
		{class: "chunk extensions", cases: []requestFault{
			{"a name and a value", chunkedPost("1;a=b\r\nx\r\n0;c\r\n\r\n"), passed},
			{"quoted", chunkedPost("1;a=\"b;c\"\r\nx\r\n0\r\n\r\n"), passed},
			{"a bare LF within", chunkedPost("1;a\nx\r\n0\r\n\r\n"), "400"},
			{"a bare LF and a size", chunkedPost("1;a\n2\r\nx\r\n0\r\n\r\n"), "400"},
			{"a bare CR within", chunkedPost("1;a\rb\r\nx\r\n0\r\n\r\n"), "400"},
			{"NUL within", chunkedPost("1;a\x00b\r\nx\r\n0\r\n\r\n"), passed}, // nobody reads them
			{"a control byte", chunkedPost("1;a\x01b\r\nx\r\n0\r\n\r\n"), passed},
			{"in the last chunk, a bare LF", chunkedPost("1\r\nx\r\n0;a\n\r\n"), "400"},
			{"too long", chunkedPost("1;" + strings.Repeat("a", 64<<10) + "\r\nx\r\n0\r\n\r\n"), passed},
		}},
		// Trailers are dropped. What is looked at is where they end, and that
		// none of them frames; as the RFC has it, LF alone ends a line.
		{class: "trailers", cases: []requestFault{
			{"harmless", chunkedPost("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"), passed},
			{"a length", chunkedPost("1\r\nx\r\n0\r\nContent-Length: 42\r\n\r\n"), "400"},
			{"an encoding", chunkedPost("1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), "400"},
			{"a host", chunkedPost("1\r\nx\r\n0\r\nHost: i.test\r\n\r\n"), "400"},
			{"a space before the colon", chunkedPost("1\r\nx\r\n0\r\nX : a\r\n\r\n"), passed},
			{"a fold", chunkedPost("1\r\nx\r\n0\r\nX: a\r\n b\r\n\r\n"), passed},
			{"a bare LF", chunkedPost("1\r\nx\r\n0\r\nX: a\n\r\n"), passed},
			{"a bare CR", chunkedPost("1\r\nx\r\n0\r\nX: a\rb\r\n\r\n"), "400"},
			{"no colon", chunkedPost("1\r\nx\r\n0\r\nX\r\n\r\n"), "400"},
			{"a request line", chunkedPost("1\r\nx\r\n0\r\n" + smuggled), "400"},
			{"NUL", chunkedPost("1\r\nx\r\n0\r\nX: \x00\r\n\r\n"), "400"},
			{"too many", chunkedPost("1\r\nx\r\n0\r\n" + strings.Repeat("X: y\r\n", 20000) + "\r\n"), "400"},
		}},
		{class: "broken off", ends: true, cases: []requestFault{
			{"nothing", "", ""},
			{"in the method", "GE", "400"},
			{"in the header", "GET / HTTP/1.1\r\nHost: h.t", "400"},
			{"before the empty line", "GET / HTTP/1.1\r\nHost: h.test\r\n", "400"},
			{"before a body", postWith("", "Content-Length: 5"), "400"},
			{"in a body", postWith("hel", "Content-Length: 5"), "400"},
			{"in a body that holds a request", postWith(smuggled, "Content-Length: 4200"), "400"},
			{"in a large body", postWith(strings.Repeat("x", 100<<10), "Content-Length: 204800"), "400"},
			{"in a chunk's size", chunkedPost("5"), "400"},
			{"in a chunk", chunkedPost("5\r\nhel"), "400"},
			{"in a large chunk", chunkedPost("32000\r\n" + strings.Repeat("x", 100<<10)), "400"},
			{"behind a chunk", chunkedPost("5\r\nhello\r\n"), "400"},
			{"before the last empty line", chunkedPost("5\r\nhello\r\n0\r\n"), "400"},
		}},
	}
}
