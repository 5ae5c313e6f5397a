package gateway

import "zerohop/sqlapi"

// unmetProblems are what a statement that has not met its expectation may be
// answered with, by the status of its else. The last one is for every other.
var unmetProblems = []problem{
	{sqlapi.ErrUnmet, 403, "forbidden", "This is not allowed."},
	{sqlapi.ErrUnmet, 404, "not_found", "There is no such row."},
	{sqlapi.ErrUnmet, 409, "conflict", "The state of the data does not allow this."},
	{sqlapi.ErrUnmet, 410, "gone", "This is not there any more."},
	{sqlapi.ErrUnmet, 412, "precondition_failed", "The data has been changed in the meantime."},
	{sqlapi.ErrUnmet, 422, "unprocessable", "A value is not acceptable."},
	{sqlapi.ErrUnmet, 429, "rate_limited", "That was too often."},
	{sqlapi.ErrUnmet, 0, "unmet", "A condition of this request is not met, so nothing was changed."},
}

// unmetProblem is the public side of an expectation that was not met.
func unmetProblem(err *sqlapi.UnmetError) problem {
	for _, p := range unmetProblems {
		if p.status == err.Status {
			return p
		}
	}
	p := unmetProblems[len(unmetProblems)-1]
	p.status = err.Status
	return p
}
