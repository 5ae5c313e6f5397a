package passhash

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// TestPublished verifies hashes that others have published with their passwords.
func TestPublished(t *testing.T) {
	f := func(password, encoded string) {
		t.Helper()
		if ok, _, err := Verify([]byte(password), encoded); !ok || err != nil {
			t.Errorf("%s of %q: got %t, %v", encoded, password, ok, err)
		}
		if ok, weak, err := Verify([]byte(password+"x"), encoded); ok || weak || err != nil {
			t.Errorf("%s of another password: got %t, %t, %v", encoded, ok, weak, err)
		}
		if ok, _, err := Verify(nil, encoded); ok || err != nil {
			t.Errorf("%s of no password: got %t, %v", encoded, ok, err)
		}
	}
	// The reference implementation's own tests.
	f("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")
	// crypt_blowfish's.
	f("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	f("U*U*", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")
	// passlib's own tests and manual.
	f("password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ")
	f("password", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E")
	// RFC 7914.
	f("password", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA")
}

// TestAgainstPython makes hashes with the standard library of another language.
func TestAgainstPython(t *testing.T) {
	const python = "/usr/bin/python3"
	f := func(script, format string) {
		t.Helper()
		sum, err := exec.Command(python, "-c", "import hashlib,base64;print(base64.b64encode("+script+").decode())").Output()
		if err != nil {
			t.Skipf("no sums of %s: install python3", python)
		}
		text := strings.TrimSpace(string(sum))
		if !strings.Contains(format, "django") {
			text = strings.TrimRight(text, "=")
		}
		encoded := fmt.Sprintf(strings.TrimPrefix(format, "django "), text)
		if ok, weak, err := Verify([]byte("pässwörd"), encoded); !ok || !weak || err != nil {
			t.Errorf("%s: got %t, %t, %v", encoded, ok, weak, err)
		}
	}
	f(`hashlib.pbkdf2_hmac("sha256","pässwörd".encode(),b"pepper42",1200)`, "django pbkdf2_sha256$1200$pepper42$%s")
	f(`hashlib.scrypt("pässwörd".encode(),salt=b"saltsalt",n=1024,r=4,p=2,dklen=32)`, "$scrypt$ln=10,r=4,p=2$"+base64.RawStdEncoding.EncodeToString([]byte("saltsalt"))+"$%s")
}

func TestHash(t *testing.T) {
	one, err := Hash([]byte("secret"))
	if err != nil || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %s, %v", one, err)
	}
	if ok, weak, err := Verify([]byte("secret"), one); !ok || weak || err != nil {
		t.Errorf("got %t, %t, %v", ok, weak, err)
	}
	if two, err := Hash([]byte("secret")); two == one || err != nil {
		t.Errorf("got the same hash twice, %v", err)
	}
	if _, err := Hash(nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want %v", err, ErrEmpty)
	}
	if _, err := Hash(make([]byte, MaxPassword+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	if ok, _, err := Verify([]byte("anything"), Dummy); ok || err != nil {
		t.Errorf("the dummy: got %t, %v", ok, err)
	}
}

func TestLongPasswords(t *testing.T) {
	long := []byte(strings.Repeat("x", 73))
	encoded, err := bcrypt.GenerateFromPassword(long[:72], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := Verify(long[:72], string(encoded)); !ok || err != nil {
		t.Errorf("72 bytes: got %t, %v", ok, err)
	}
	if ok, _, err := Verify(long, string(encoded)); ok || !errors.Is(err, ErrTooLong) {
		t.Errorf("73 bytes: got %t, %v, want %v", ok, err, ErrTooLong)
	}
	if ok, _, err := Verify(make([]byte, MaxPassword+1), Dummy); ok || !errors.Is(err, ErrTooLong) {
		t.Errorf("got %t, %v, want %v", ok, err, ErrTooLong)
	}
}

const (
	salt = "AAAAAAAAAAAAAAAAAAAAAA"
	sum  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// TestRefused has hashes with absurd parameters refused before anything is
// computed, and such that cannot be read.
func TestRefused(t *testing.T) {
	f := func(encoded string, want error) {
		t.Helper()
		if ok, weak, err := Verify([]byte("secret"), encoded); ok || weak || !errors.Is(err, want) {
			t.Errorf("Verify(%s): got %t, %t, %v, want %v", encoded, ok, weak, err, want)
		}
		if err := Check(encoded); !errors.Is(err, want) {
			t.Errorf("Check(%s): got %v, want %v", encoded, err, want)
		}
	}
	argon := func(parameters string) string { return "$argon2id$v=19$" + parameters + "$" + salt + "$" + sum }
	f(argon("m=262145,t=1,p=1"), ErrTooCostly)
	f(argon("m=4294967295,t=1,p=1"), ErrTooCostly)
	f(argon("m=99999999999999999999999,t=1,p=1"), ErrTooCostly)
	f(argon("m=262144,t=9,p=1"), ErrTooCostly)
	f(argon("m=8,t=4294967295,p=1"), ErrTooCostly)
	f(argon("m=65536,t=1,p=256"), ErrTooCostly)
	f("$2b$16$"+strings.Repeat("a", 53), ErrTooCostly)
	f("$2b$31$"+strings.Repeat("a", 53), ErrTooCostly)
	f("$2b$99$"+strings.Repeat("a", 53), ErrTooCostly)
	f("$pbkdf2-sha256$5000001$"+salt+"$"+sum, ErrTooCostly)
	f("pbkdf2_sha256$999999999999$saltsalt$"+sum+"=", ErrTooCostly)
	f("$scrypt$ln=31,r=8,p=1$"+salt+"$"+sum, ErrTooCostly)
	f("$scrypt$ln=19,r=8,p=1$"+salt+"$"+sum, ErrTooCostly)
	f("$scrypt$ln=4,r=2000000000,p=1$"+salt+"$"+sum, ErrTooCostly)
	f("$scrypt$ln=16,r=8,p=17$"+salt+"$"+sum, ErrTooCostly)

	for _, p := range []string{"", "m=8", "t=1,m=8,p=1", "m=8,t=1,p=1,", "m=08,t=1,p=1", "m=+8,t=1,p=1", "m=0,t=1,p=1", "m=8,t=0,p=1", "m=8,t=1,p=0", "m=8,t=1,p=2", "m=8, t=1,p=1"} {
		f(argon(p), ErrMalformed)
	}
	f("$argon2id$v=16$m=8,t=1,p=1$"+salt+"$"+sum, ErrMalformed)
	f("$argon2id$m=8,t=1,p=1$"+salt+"$"+sum, ErrMalformed)
	f("$argon2id$v=19$m=8,t=1,p=1$$"+sum, ErrMalformed)
	f("$argon2id$v=19$m=8,t=1,p=1$"+salt+"$AAAA", ErrMalformed)
	f("$argon2id$v=19$m=8,t=1,p=1$"+salt+"$"+sum+"=", ErrMalformed)
	f("$argon2id$v=19$m=8,t=1,p=1$"+salt+"\n$"+sum, ErrMalformed)
	f("$argon2id$v=19$m=8,t=1,p=1$"+salt+"$"+sum[1:]+"B", ErrMalformed) // bits behind the end
	f("$argon2id$v=19$m=8,t=1,p=1$"+salt+"$"+strings.Repeat("A", maxEncoded), ErrMalformed)
	f("$2b$03$"+strings.Repeat("a", 53), ErrMalformed)
	f("$2b$+9$"+strings.Repeat("a", 53), ErrMalformed)
	f("$2b$12$"+strings.Repeat("a", 52), ErrMalformed)
	f("$2b$12$"+strings.Repeat("=", 53), ErrMalformed)
	f("$pbkdf2-sha256$6400$"+salt+"$"+sum[:40]+"+AA", ErrMalformed)
	f("$pbkdf2-sha256$6400$"+salt+"$"+sum[:22], ErrMalformed)
	f("pbkdf2_sha256$6400$$"+sum+"=", ErrMalformed)
	f("$scrypt$ln=4,r=8$"+salt+"$"+sum, ErrMalformed)
	f("$2x$05$"+strings.Repeat("a", 53), ErrUnknown)
	f("$1$salt$abcdefghijklmnopqrstuv", ErrUnknown)
	f("$argon2i$v=19$m=8,t=1,p=1$"+salt+"$"+sum, ErrUnknown)
	f("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", ErrUnknown)
	f("secret", ErrUnknown)
	f("", ErrUnknown)
}

func TestWeak(t *testing.T) {
	f := func(parameters string, want bool) {
		t.Helper()
		h, err := parse("$argon2id$v=19$" + parameters + "$" + salt + "$" + sum)
		if err != nil || h.weak() != want {
			t.Errorf("%s: got %v, %v, want %t", parameters, h, err, want)
		}
	}
	f("m=19456,t=2,p=1", false)
	f("m=65536,t=3,p=4", false) // RFC 9106's second
	f("m=47104,t=1,p=1", false) // OWASP's others
	f("m=12288,t=3,p=1", false)
	f("m=9216,t=4,p=1", false)
	f("m=7168,t=5,p=1", false)
	f("m=19456,t=1,p=1", true)
	f("m=4096,t=3,p=1", true)
	f("m=1024,t=1000,p=1", true)
}

// FuzzCheck reads any text. What it accepts is never costlier than there are
// bounds for, and has one form only.
func FuzzCheck(f *testing.F) {
	f.Add(Dummy)
	f.Add("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")
	f.Add("$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ")
	f.Add("pbkdf2_sha256$1200$pepper42$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Add("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E")
	f.Fuzz(func(t *testing.T, encoded string) {
		parsed, err := parse(encoded)
		if err != nil {
			if !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooCostly) {
				t.Errorf("got %v, which is no kind of this package", err)
			}
			return
		}
		small := false
		switch h := parsed.(type) {
		case argon2id:
			if h.memory > maxMemory>>10 || uint64(h.memory)*uint64(h.passes) > maxWork>>10 || h.passes == 0 || h.threads == 0 {
				t.Errorf("accepted %+v", h)
			}
			small = h.memory <= 64 && h.passes < 4
		case scryptHash:
			if 128*h.n*h.r > maxMemory || 128*h.n*h.r*h.p > maxWork/2 {
				t.Errorf("accepted %+v", h)
			}
			small = h.n*h.r*h.p < 4096
		case pbkdf2Hash:
			if h.rounds > maxRounds || h.rounds < 1 {
				t.Errorf("accepted %+v", h)
			}
			small = h.rounds < 1000
		}
		if small {
			if _, _, err := Verify([]byte("secret"), encoded); err != nil {
				t.Errorf("Verify(%q): got %v, and Check found nothing", encoded, err)
			}
		}
	})
}
