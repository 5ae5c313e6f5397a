package tornado

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func asJSON(b []byte) (string, error) {
	v, err := unpickle(b)
	if err != nil {
		return "", err
	}
	text, err := appendJSON(nil, v)
	return string(text), err
}

// sameJSON compares two texts, numbers digit by digit but for their spelling.
func sameJSON(t testing.TB, got, want string) {
	t.Helper()
	read := func(text string) (v any) {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%.200s is not JSON", text)
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return normal(v)
	}
	if g, w := read(got), read(want); !reflect.DeepEqual(g, w) {
		t.Errorf("got  %.500s\nwant %.500s", got, want)
	}
}

// normal spells numbers alike: 5.0 is 5.
func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		if exact, ok := new(big.Rat).SetString(string(v)); ok {
			return exact.RatString()
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
	}
	return v
}

// dumps makes random plain data, and pickles it in every way that Python has.
const dumps = `
import json, pickle, pickletools, random, sys
random.seed(json.load(sys.stdin))
def text():
	return "".join(random.choice("aé\u20ac\U0001f600\\\n'\"\x00\x7fu0041") for _ in range(random.choice([0, 1, 5, 300])))
shared = []
def value(depth):
	if shared and random.random() < 0.2:
		return random.choice(shared)
	kind = random.randrange(12 if depth < 4 else 8)
	if kind == 0: return None
	if kind == 1: return random.random() < 0.5
	if kind == 2: return random.choice([0, 1, -1, 255, 256, 65535, 65536, 2**31-1, -2**31, 2**31])
	if kind == 3: return random.choice([1, -1]) * random.getrandbits(random.choice([8, 63, 64, 65, 127, 128, 300]))
	if kind == 4: return random.choice([0.0, -0.0, 1.5, -1e300, 5e-324, random.random()])
	if kind < 8: return text()
	if kind == 8: v = [value(depth + 1) for _ in range(random.choice([0, 1, 3, 1500 if depth == 0 else 2]))]
	if kind == 9: v = tuple(value(depth + 1) for _ in range(random.randrange(6)))
	if kind > 9: v = {(text() if random.random() < 0.9 else random.randrange(9)): value(depth + 1) for _ in range(random.randrange(6))}
	shared.append(v)
	return v
out = []
for i in range(150):
	del shared[:]
	v = value(0)
	want = json.dumps(v)
	if len(want) > 60000: continue
	for protocol in range(6):
		for how in (pickle.dumps, pickle._dumps, lambda v, p: pickletools.optimize(pickle.dumps(v, p))):
			out.append({"Pickle": how(v, protocol).hex(), "JSON": want})
print(json.dumps(out))
`

type pickled struct{ Pickle, JSON, Why string }

func (p pickled) bytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(p.Pickle)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPicklesOfPython(t *testing.T) {
	var cases []pickled
	python(t, dumps, 1, &cases)
	if len(cases) < 1000 {
		t.Fatalf("only %d pickles", len(cases))
	}
	for _, c := range cases {
		got, err := asJSON(c.bytes(t))
		if err != nil {
			t.Fatalf("%v\nof %.200s", err, c.JSON)
		}
		sameJSON(t, got, c.JSON)
	}
}

// unusual are pickles of more than plain data, each in a session besides a user
// and a cart.
const unusual = `
import collections, copyreg, datetime, decimal, io, json, os, pickle, uuid
class C:
	def __init__(self): self.a = 1
class D:
	def __reduce__(self): return (os.system, ("touch OWNED",))
class E(list): pass
class F:
	def __getnewargs_ex__(self): return ((), {"a": 1})
	def __new__(cls, a=None): return object.__new__(cls)
class P(pickle.Pickler):
	def persistent_id(self, o): return "7" if isinstance(o, C) else None
def session(v): return {"first": 1, "odd": v, "user_name": "alice", "cart": [1, (2, None)], "nested": {"deep": [v]}}
values = [C(), D(), E([1, 2]), F(), {"a": [C()]}, datetime.datetime.now(datetime.timezone.utc), decimal.Decimal(1), uuid.uuid4(),
	collections.OrderedDict(a=1, b=[2]), collections.defaultdict(list, a=[1]), collections.Counter("aab"), collections.deque([1, 2]),
	os.system, int, {1, 2}, frozenset([1]), range(3), 1j, {(1, 2): 3}, {datetime.date.today(): 1}, float("nan"), b"\xff\xfe"]
out = []
def add(name, b): out.append({"Pickle": b.hex(), "Why": name})
for v in values:
	for p in range(6): add(repr(v), pickle.dumps(session(v), p))
for p in range(6):
	f = io.BytesIO(); P(f, p).dump(session(C())); add("persistent", f.getvalue())
	copyreg.add_extension("__main__", "C", 7 if p < 3 else 700 if p < 5 else 70000)
	add("extension", pickle.dumps(session(C), p))
	copyreg.remove_extension("__main__", "C", 7 if p < 3 else 700 if p < 5 else 70000)
buffers = []
add("buffer", pickle.dumps(session(pickle.PickleBuffer(b"x")), 5, buffer_callback=buffers.append))
print(json.dumps(out))
`

// One value that is no plain data costs the member that holds it, and not the
// login.
func TestUnusualMembers(t *testing.T) {
	var cases []pickled
	python(t, strings.ReplaceAll(unusual, "OWNED", filepath.Join(t.TempDir(), "owned")), nil, &cases)
	if len(cases) < 140 {
		t.Fatalf("only %d pickles", len(cases))
	}
	for _, c := range cases {
		user, data, err := New(testConfig()).Read(c.bytes(t))
		if want := `{"first":1,"user_name":"alice","cart":[1,[2,null]]}`; err != nil || user != "alice" || string(data) != want {
			t.Errorf("%s: got %q, %s, %v, want %s", c.Why, user, data, err, want)
		}
	}
}

func TestObjects(t *testing.T) {
	f := func(pickle string, want bool) {
		t.Helper()
		v, err := unpickle([]byte(pickle))
		if _, ok := v.(*object); ok != want || want && err != nil {
			t.Errorf("%q: got %T, %v", pickle, v, err)
		}
		if want {
			_, err = appendJSON(nil, v)
		}
		check(t, err, ErrPickle)
	}
	for _, pickle := range []string{
		"cos\nsystem\n.", "cos\nsystem\n(S'x'\ntR.", "(S'touch x'\nios\nsystem\n.", "(cos\nsystem\nS'touch x'\no.", "N)R.", "N)\x81.", "N)}\x92.",
		"\x82\x01.", "\x83\x01\x00.", "\x84\x01\x00\x00\x00.", "\x8f(N\x90.", "(N\x91.", "\x8c\x02os\x8c\x06system\x93.", "P7\n.", "NQ.",
		"\x97.", "\x97\x98.", "cos\nsystem\n)R}b.", "cos\nsystem\n)R(NNu.", "cos\nsystem\n)R(NNe.", "cos\nsystem\n)RNa.", "cos\nsystem\n)RNNs.",
	} {
		f(pickle, true)
	}
	for _, pickle := range []string{
		"cos\n.", "cos", "ios\nsystem\n.", "o.", "R.", "NR.", "(NR.", "b.", "Nb.", "NNb.", "]Nb.", "}Nb.", "N\x81.", "NN\x92.", "N\x93.", "\x82.", "\x83\x01.",
		"\x84\x01.", "\x90.", "(\x90.", "N(N\x90.", "](N\x90.", "\x91.", "P7.", "Q.", "(Q.", "\x98.",
	} {
		f(pickle, false)
	}
}

// What is left out is left out whole, and costs no more than what is kept.
func TestMembers(t *testing.T) {
	f := func(pickle, want string, wantLeft int) {
		t.Helper()
		v, err := unpickle([]byte(pickle))
		check(t, err, nil)
		started := time.Now()
		got, left := appendMembers(nil, v.(*dict))
		if string(got) != want || left != wantLeft {
			t.Errorf("%.40q: got %.200s without %d, want %.200s without %d", pickle, got, left, want, wantLeft)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("%.40q: took %v", pickle, took)
		}
	}
	f("}.", "{}", 0)
	f("}(U\x01aK\x01U\x01bcx\ny\nU\x01cK\x02u.", `{"a":1,"c":2}`, 1)
	f("}(U\x01acx\ny\nU\x01bK\x02u.", `{"b":2}`, 1)
	f("}(U\x01acx\ny\nU\x01aK\x02u.", `{"a":2}`, 0) // the last one counts
	f("}(U\x01aK\x02U\x01acx\ny\nu.", `{}`, 1)
	f("}(cx\ny\nK\x01(K\x01K\x02tK\x05U\x01bK\x02u.", `{"b":2}`, 2)
	f("}(U\x01a](K\x01cx\ny\neU\x01bK\x02u.", `{"b":2}`, 1)
	f("}q\x00(U\x01ah\x00U\x01bK\x02u.", `{"b":2}`, 1) // the session in itself
	long := "X\x00\x00\x01\x00" + strings.Repeat("k", 1<<16)
	f("}(U\x01a"+long+"q\x00U\x01bK\x02u.", `{"b":2}`, 1)
	f("}("+"U\x01a"+long+"q\x000N"+strings.Repeat("\x8c\x01bh\x00", 1000)+"U\x01cK\x02u.", `{"a":null,"c":2}`, 1)
	var many strings.Builder
	for i := range 5000 { // each with a long text, and something that has no form
		fmt.Fprintf(&many, "I%d\n(h\x00cx\ny\nl", i)
	}
	f("}("+long+"q\x00N"+many.String()+"u.", "{}", 5001)
}

// What Python 2 left behind: its str is bytes here, and text if it is UTF-8.
func TestPython2(t *testing.T) {
	f := func(pickle, want string) {
		t.Helper()
		got, err := asJSON([]byte(pickle))
		check(t, err, nil)
		if got != want {
			t.Errorf("%q: got %s, want %s", pickle, got, want)
		}
	}
	f("\x80\x02}q\x00U\tuser_nameq\x01U\x05aliceq\x02s.", `{"user_name":"alice"}`)
	f("\x80\x02T\x04\x00\x00\x00Zo\xc3\xab.", `"Zoë"`)
	f("(dp0\nS'user_name'\np1\nS'O\\'Neil \\x41\\n'\np2\nsS'n'\nL7L\nsS'b'\nI01\ns.", `{"user_name":"O'Neil A\n","n":7,"b":true}`)
	f("(lp0\nVcaf\xe9 \\u20ac \\U0001f600 \\x41\np1\naI-5\naF1.5\naNa.", `["café € 😀 \\x41",-5,1.5,null]`)
	f(`S"a'b"`+"\n.", `"a'b"`)
	f("I00\n.", "false")
	f("]q\x00(K\x01K\x02eq\x01h\x00\x86.", `[[1,2],[1,2]]`)
}

func TestBadPickles(t *testing.T) {
	f := func(pickle string) {
		t.Helper()
		started := time.Now()
		text, err := asJSON([]byte(pickle))
		check(t, err, ErrPickle)
		if text != "" && len(text) > 20*maxJSON {
			t.Errorf("%d bytes of JSON", len(text))
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("%.40q: took %v", pickle, took)
		}
	}
	for _, pickle := range []string{
		"", ".", "N", "NN.", "(.", "(N", "N.N", "a.", "Na.", "NNa.", "NNNs.", "(N(u.", "}(Nu.", "](Nu.", "}(Ne.", "t.", "(NtN.",
		"g0\n.", "h\x00.", "j\x00\x00\x00\x00.", "p0\n.", "Np-1\n.", "Npx\n.", "Np99999999999999999999\n.", "\x94.", "(q\x00.",
		"\x85.", "N\x86.", "NN\x87.", "0.", "1.", "2.", "(2.",
		"\x80\x06N.", "\x80", "\x95\x00.", "U\x05abc.", "T\xff\xff\xff\xffabc.", "\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.",
		"S'abc\n.", "Sabc\n.", "S'\n.", "S'\\", "S'\\z'\n.", "S'\\x4'\n.", "V\\u12\n.", "V\\ud800\n.", "V\\Uffffffff\n.", "V",
		"X\x01\x00\x00\x00\xff.", "C\x01\xff.", "I1_0\n.", "I\n.", "I0x10\n.", "LL\n.", "Fx\n.", "Fnan\n.", "Finf\n.", "G\x7f\xf0\x00\x00\x00\x00\x00\x00.",
		"\x8a\x05abc.", "\x8b\xff\xff\xff\x7fabc.", "\xff.", "}]Ns.", "}(]Nu.", "(]Nd.", "(Nd.",
		"}(K\x01K\x02tNs.",     // a key that JSON has no form for
		"]q\x00h\x00a.",        // a list in itself
		"}q\x00Nh\x00s.",       // a dict in itself
		"]q\x00(h\x00tq\x01a.", // and by way of a tuple
		strings.Repeat("]", maxDepth+2) + strings.Repeat("a", maxDepth+1) + ".",
		strings.Repeat("(", maxValues+1), strings.Repeat("N", maxValues+1), "]" + strings.Repeat("Na", maxValues) + ".",
		"N" + strings.Repeat("2", maxValues), "N" + strings.Repeat("\x94", maxValues+1),
		"I" + strings.Repeat("9", 1<<19) + "\n.", "\x8b\x00\x00\x08\x00" + strings.Repeat("\x77", 1<<19) + ".",
		strings.Repeat("x", maxPickle+1),
	} {
		f(pickle)
	}
	// Ten lists, each with the one before ten times.
	laughs := "]q\x00"
	for i := range 10 {
		laughs += "](" + strings.Repeat(fmt.Sprintf("h%c", byte(i)), 10) + fmt.Sprintf("eq%c", byte(i+1))
	}
	f("(" + laughs + "t.")
	// A dict with one key over and over, in a list over and over.
	f("}q\x00(" + strings.Repeat("NN", 15_000) + "u0](" + strings.Repeat("h\x00", 15_000) + "e.")
	// A long key over and over.
	long := "X\x00\x00\x08\x00" + strings.Repeat("k", 1<<19)
	f(long + "q\x000}(" + strings.Repeat("h\x00N", 15_000) + "u.")
}

func FuzzPickle(f *testing.F) {
	for _, seed := range []string{
		"N.", "\x80\x02}q\x00U\tuser_nameq\x01U\x05aliceq\x02s.", "(dp0\nS'a'\np1\nL7L\nsS'b'\nI01\ns.",
		"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94]\x94(K\x01G?\xf8\x00\x00\x00\x00\x00\x00es.",
		"(lp0\nV\\u20ac\np1\naF1.5\na.", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01\x85\x86.", "cos\nsystem\n(S'x'\ntR.",
		"}(U\x01acx\ny\n)R}bU\x01b\x8f(K\x01\x90U\x01c(K\x01\x91u.", "(S'x'\nios\nsystem\n.", "\x8c\x02os\x8c\x06system\x93)\x81}\x92.", "P7\nQ\x82\x01\x97\x98.",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := unpickle(b)
		if err != nil {
			check(t, err, ErrPickle)
			return
		}
		if d, ok := v.(*dict); ok {
			if text, _ := appendMembers(nil, d); !json.Valid(text) || len(text) > maxJSON+1 {
				t.Errorf("of %q %q was kept", b, text)
			}
		}
		text, err := appendJSON(nil, v)
		switch {
		case err != nil:
			check(t, err, ErrPickle)
		case !json.Valid(text):
			t.Errorf("%q became %q", b, text)
		}
	})
}
