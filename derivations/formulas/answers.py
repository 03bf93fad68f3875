"""All exercises of the course by name: their list, their questions, and the judgement on an answer."""

from __future__ import annotations

from derivations.formulas import code_exercises, exercises, vector_exercises
from derivations.formulas.code_exercises import CODE_EXERCISES, CodeExercise, Run
from derivations.formulas.exercises import EXERCISES, Exercise
from derivations.formulas.syntax import FormulaError
from derivations.formulas.vector_exercises import VECTOR_EXERCISES, VectorExercise

AnyExercise = Exercise | VectorExercise | CodeExercise
ALL: dict[str, AnyExercise] = {**EXERCISES, **VECTOR_EXERCISES, **CODE_EXERCISES}


class AnswerError(ValueError):
    """There is no such exercise, or an answer of this kind cannot be judged; the message is one line."""


def respond(name: str | None, answer: str | None, code: Run | None) -> tuple[bool, tuple[str, ...]]:
    """What the command `exercise` says, and whether an answer is right; a question without an answer counts as right."""
    if name is None:
        rows = [f"{chosen.name:<16}{chosen.question}" for chosen in ALL.values()]
        how = "Answer with: spectral-core exercise NAME 'FORMULA', or exercise NAME --code FILE where the name begins with code."
        return True, (*rows, "", how)
    if name not in ALL:
        raise AnswerError(f"there is no exercise {name!r}; there are {', '.join(ALL)}")
    chosen = ALL[name]
    if answer is None and code is None:
        return True, question(chosen)
    if isinstance(chosen, CodeExercise):
        if code is None:
            raise AnswerError(f"{name} asks for a function: name your file with --code FILE")
        judgement = code_exercises.judge(chosen, code)
    elif answer is None:
        raise AnswerError(f"{name} asks for a formula: spectral-core exercise {name} 'FORMULA'")
    else:
        judgement = _formula(chosen, answer)
    return judgement.right, judgement.lines


def question(chosen: AnyExercise) -> tuple[str, ...]:
    """The question, and what an answer may be."""
    if isinstance(chosen, CodeExercise):
        return chosen.question, f"Write {chosen.function} in a file of your own, and name it: --code FILE"
    complete = f"{chosen.left} = (...)" if isinstance(chosen, VectorExercise) else chosen.formula("...")
    return chosen.question, f"Complete: {complete}", f"The answer may use {', '.join(chosen.allowed)}."


def _formula(chosen: Exercise | VectorExercise, answer: str) -> exercises.Judgement:
    try:
        if isinstance(chosen, VectorExercise):
            return vector_exercises.judge(chosen, answer)
        return exercises.judge(chosen, answer)
    except FormulaError as error:
        where = answer if isinstance(chosen, VectorExercise) else chosen.formula(answer)
        raise AnswerError(f"in {where}: {error}") from None
