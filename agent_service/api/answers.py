"""Answer bodies in the Enigma form."""

from typing import Any

from agent_service.api.requests import HEIGHT, WIDTH
from agent_service.billing.metering import Usage
from agent_service.sessions import events
from agent_service.sessions.session import Session
from agent_service.sessions.tasks import Task, TaskStatus

Body = dict[str, Any]


def session_started(session: Session, base: str, balance: float) -> Body:
    """Everything a client needs to follow the session."""
    view = f"{base}/view/{session.id}/"
    prompt = session.order.first_task.prompt if session.order.first_task else ""
    return {
        "success": True,
        "sessionId": session.id,
        "socketURL": base,
        "streaming": {
            "webRTCURL": f"{view}whep",
            "webViewURL": view,
            "dimensions": {"width": WIDTH, "height": HEIGHT},
        },
        "initialPrompt": prompt,
        "expiresIn": round(session.seconds_left * 1000),
        "balance": balance,
        "message": "Connect to instance using sessionId in auth",
    }


def forwarded() -> Body:
    """A message was passed on; what becomes of it shows elsewhere."""
    return {"success": True, "message": "Message sent successfully"}


def new_task(task: Task, base: str, *, one_task: bool = False) -> Body:
    """What a call that may have waited for its task is told of it."""
    ids = {"sessionId": task.session_id, "taskId": task.id}
    usage = task.usage()
    match task.status:
        case TaskStatus.COMPLETED:
            result: Body = {"type": "task_completed", "data": events.completion(task, usage)}
            if one_task:
                return {"success": True, **ids, "status": "complete", "result": {**result, "usage": _usage(usage)}}
            return {"success": True, **ids, "result": result}
        case TaskStatus.WAITING if task.question:
            question = {"type": "guardrail_trigger", "data": events.guardrail(task.question)}
            return {"success": True, **ids, "result": question, "pollUrl": _poll_url(task, base)}
        case TaskStatus.FAILED | TaskStatus.STOPPED | TaskStatus.TERMINATED:
            return {**ids, **poll(task)}
        case _:
            return {
                "success": True,
                **ids,
                "pending": True,
                "status": "pending",
                "pollUrl": _poll_url(task, base),
                "message": "Task still running. Poll GET /task/:sessionId/:taskId for result.",
            }


def poll(task: Task) -> Body:
    """What is known of a task now."""
    reading = task.usage()
    usage = _usage(reading)
    match task.status:
        case TaskStatus.COMPLETED:
            return {
                "success": True,
                "type": "task_completed",
                "data": events.completion(task, reading),
                "usage": usage,
                "completedAt": task.closed_at.isoformat(timespec="milliseconds") if task.closed_at else None,
            }
        case TaskStatus.WAITING if task.question:
            data = events.guardrail(task.question)
            return {"success": True, "type": "guardrail_trigger", "data": data, "usage": usage}
        case TaskStatus.FAILED if task.failure:
            failure = {"error": task.failure.message, "code": task.failure.code}
            return {"success": False, "status": "failed", **failure, "usage": usage}
        case TaskStatus.STOPPED | TaskStatus.TERMINATED:
            return {"success": True, "status": task.status.value, "usage": usage}
        case _:
            return {"success": True, "status": "active", "pending": True, "usage": usage}


def _usage(usage: Usage) -> Body:
    return {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "computeTime": usage.seconds,
        "cost": float(usage.cost),
    }


def _poll_url(task: Task, base: str) -> str:
    return f"{base}/task/{task.session_id}/{task.id}"
