"""All exercises of the course by name: their list, their questions, and the judgement on an answer."""

from __future__ import annotations

from derivations.formulas import code_exercises, exercises, number_exercises, vector_exercises
from derivations.formulas.code_exercises import CODE_EXERCISES, CodeExercise, Run
from derivations.formulas.exercises import EXERCISES, Exercise
from derivations.formulas.number_exercises import NUMBER_EXERCISES, NumberError, NumberExercise
from derivations.formulas.syntax import FormulaError
from derivations.formulas.vector_exercises import VECTOR_EXERCISES, VectorExercise

AnyExercise = Exercise | VectorExercise | NumberExercise | CodeExercise
ALL: dict[str, AnyExercise] = {**EXERCISES, **VECTOR_EXERCISES, **NUMBER_EXERCISES, **CODE_EXERCISES}


class AnswerError(ValueError):
    """There is no such exercise, or an answer of this kind cannot be judged; the message is one line."""


def respond(name: str | None, answer: str | None, code: Run | None) -> tuple[bool, tuple[str, ...]]:
    """What the command `exercise` says, and whether an answer is right; a question without an answer counts as right."""
    if name is None:
        rows = [f"{chosen.name:<16}{chosen.question}" for chosen in ALL.values()]
        how = "Answer with: spectral-core exercise NAME 'ANSWER', or exercise NAME --code FILE where the name begins with code."
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
        kind = "numbers" if isinstance(chosen, NumberExercise) else "a formula"
        raise AnswerError(f"{name} asks for {kind}: spectral-core exercise {name} 'ANSWER'")
    else:
        judgement = _judged(chosen, answer)
    return judgement.right, judgement.lines


def question(chosen: AnyExercise) -> tuple[str, ...]:
    """The question, and what an answer may be."""
    if isinstance(chosen, CodeExercise):
        return chosen.question, f"Write {chosen.function} in a file of your own, and name it: --code FILE"
    if isinstance(chosen, NumberExercise):
        return chosen.question, "Answer with a number, or with numbers and commas between."
    complete = f"{chosen.left} = (...)" if isinstance(chosen, VectorExercise) else chosen.formula("...")
    return chosen.question, f"Complete: {complete}", f"The answer may use {', '.join(chosen.allowed)}."


def _judged(chosen: Exercise | VectorExercise | NumberExercise, answer: str) -> exercises.Judgement:
    where = chosen.formula(answer) if isinstance(chosen, Exercise) else answer
    try:
        if isinstance(chosen, NumberExercise):
            return number_exercises.judge(chosen, answer)
        if isinstance(chosen, VectorExercise):
            return vector_exercises.judge(chosen, answer)
        return exercises.judge(chosen, answer)
    except NumberError as error:
        raise AnswerError(str(error)) from None
    except FormulaError as error:
        raise AnswerError(f"in {where}: {error}") from None
