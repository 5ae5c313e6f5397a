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

// soundSwitch reports whether the order to use another method brings the
// twenty bytes that mysql_native_password scrambles with.
func soundSwitch(p []byte) bool {
	method, scramble, _ := bytes.Cut(p, []byte{0})
	return string(method) != "mysql_native_password" || len(bytes.TrimSuffix(scramble, []byte{0})) >= 20
}
