package wire

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// What the server's packets after its greeting begin with.
const (
	replyOK     = 0x00
	replyMore   = 0x01
	replySwitch = 0xfe
	replyError  = 0xff
)

var errReply = fmt.Errorf("%w: answer to the authentication", ErrProtocol)

// checkReply refuses an answer to the authentication that the driver cannot
// read.
func checkReply(p []byte) error {
	if len(p) == 0 {
		return errReply
	}
	sound := true
	switch p[0] {
	case replyOK:
		_, err := parseOK(new(Result), p)
		sound = err == nil
	case replyError:
		// A state is announced by #, and has five characters.
		sound = len(p) >= 4 && (p[3] != '#' || len(p) >= 9)
	case replyMore:
		sound = len(p) == 1 || soundKey(p[1:])
	case replySwitch:
		sound = soundSwitch(p[1:])
	}
	if !sound {
		return errReply
	}
	return nil
}

// soundKey reports whether a public key, where there is one, is one of RSA.
func soundKey(p []byte) bool {
	block, _ := pem.Decode(p)
	if block == nil {
		return true // no key, but a step of a method
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return false
	}
	_, ok := key.(*rsa.PublicKey)
	return ok
}

// terminateScramble adds a zero behind the 32 bytes that client_ed25519 signs,
// where the server orders that method. MariaDB sends none there, and the driver
// takes one at the end away: without, one scramble in 256 would lose a byte of
// its own, and the connection with it.
func terminateScramble(packet []byte) []byte {
	scramble, ok := bytes.CutPrefix(packet[headerSize:], []byte("\xfeclient_ed25519\x00"))
	if !ok || len(scramble) != 32 {
		return packet
	}
	packet = append(packet, 0)
	putHeader(packet, len(packet)-headerSize, packet[3])
	return packet
}

// soundSwitch reports whether the order to use another method brings the
// twenty bytes that mysql_native_password scrambles with.
func soundSwitch(p []byte) bool {
	method, scramble, _ := bytes.Cut(p, []byte{0})
	return string(method) != "mysql_native_password" || len(bytes.TrimSuffix(scramble, []byte{0})) >= 20
}
