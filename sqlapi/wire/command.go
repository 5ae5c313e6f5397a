package wire

import (
	"encoding/binary"
	"strconv"
)

// The commands.
const (
	commandQuit           = 0x01
	commandQuery          = 0x03
	commandPing           = 0x0e
	commandPrepare        = 0x16
	commandExecute        = 0x17
	commandCloseStatement = 0x19
	commandReset          = 0x1f
)

// Query encodes a statement in the text protocol. Its rows come as text.
func (c *Conn) Query(sql string) {
	c.textCommand(commandQuery, sql, answer{kind: answerText})
}

// Prepare encodes the preparation of a statement; ReadPrepared reads the answer.
func (c *Conn) Prepare(sql string) {
	c.textCommand(commandPrepare, sql, answer{kind: answerPrepared})
}

// Ping encodes a question whether the server is there.
func (c *Conn) Ping() { c.textCommand(commandPing, "", answer{}) }

// Reset encodes COM_RESET_CONNECTION: transaction, variables, temporary
// tables, locks and prepared statements are gone, and so are the settings of
// the session, which the caller encodes again behind it. The current database
// stays, and on MariaDB what FOUND_ROWS() returns.
func (c *Conn) Reset() { c.textCommand(commandReset, "", answer{}) }

// Kill encodes the order to end another connection of the server and the
// statement that it runs.
func (c *Conn) Kill(threadID uint32) {
	c.Query("KILL " + strconv.FormatUint(uint64(threadID), 10))
}

// CloseStatement encodes that a prepared statement is no longer needed. The
// server does not answer.
func (c *Conn) CloseStatement(s *Statement) {
	c.out = append(c.out, 5, 0, 0, 0, commandCloseStatement)
	c.out = binary.LittleEndian.AppendUint32(c.out, s.id)
}

// Execute encodes the execution of a prepared statement. len(args) must be the
// statement's number of parameters.
func (c *Conn) Execute(s *Statement, args []Argument) {
	if len(args) != s.parameters {
		panic("bug: arguments and parameters differ in number")
	}
	start := len(c.out)
	c.out = appendExecution(c.out, s.id, args)
	c.finishCommand(start, answer{kind: answerBinary, statement: s})
}

// Execution is the execution of a prepared statement, encoded before it is
// known on which connection: only the statement's number there is missing.
type Execution []byte

// statementAt is where in an Execution the statement's number stands.
const statementAt = headerSize + 1

// AppendExecution appends the execution of a statement with args, as Execute
// binds them. All of it must fit into one packet, which is 16 MB.
func AppendExecution(dst Execution, args []Argument) Execution {
	start := len(dst)
	dst = appendExecution(dst, 0, args)
	size := len(dst) - start - headerSize
	if size >= maxPayload {
		panic("bug: an execution of more than one packet")
	}
	putHeader(dst[start:], size, 0)
	return dst
}

// ExecuteEncoded is Execute for what AppendExecution made of the arguments.
func (c *Conn) ExecuteEncoded(s *Statement, x Execution) {
	start := len(c.out)
	c.out = append(c.out, x...)
	binary.LittleEndian.PutUint32(c.out[start+statementAt:], s.id)
	c.expect(answer{kind: answerBinary, seq: 1, statement: s})
}

func appendExecution(dst []byte, statement uint32, args []Argument) []byte {
	dst = append(dst, 0, 0, 0, 0, commandExecute)
	dst = binary.LittleEndian.AppendUint32(dst, statement)
	dst = append(dst, 0, 1, 0, 0, 0) // no cursor, one iteration
	if len(args) > 0 {
		dst = appendArguments(dst, args)
	}
	return dst
}

func (c *Conn) textCommand(command byte, text string, a answer) {
	start := len(c.out)
	c.out = append(c.out, 0, 0, 0, 0, command)
	c.out = append(c.out, text...)
	c.finishCommand(start, a)
}

func (c *Conn) finishCommand(start int, a answer) {
	c.out, a.seq = framePackets(c.out, start)
	c.expect(a)
}
