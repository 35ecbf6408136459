"""One task's report in the forms of the two dialects (contract.md, sections 3, 5 and 6)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.upstream.service import UpstreamTask


class Forms:
    """The guides' own form."""

    prompt = "taskDetails"

    def usage(self, task: "UpstreamTask") -> dict[str, Any]:
        return {
            "inputTokens": task.tokens[0],
            "outputTokens": task.tokens[1],
            "computeTime": 1.5,
            "cost": float(task.cost),
        }

    def files(self, task: "UpstreamTask") -> dict[str, Any]:
        return {"files": list(task.files)} if task.files else {}

    def answer(self, task: "UpstreamTask") -> dict[str, Any]:
        """A new task's: with its result, of which only a poll and the socket tell what it cost, or pending."""
        head = {"success": True, "sessionId": task.session, "taskId": task.id}
        if task.status == "active":
            return {**head, "pending": True, "pollUrl": f"/task/{task.session}/{task.id}"}
        result = {name: value for name, value in self.report(task).items() if name != "usage"}
        return {**head, "result": result}

    def report(self, task: "UpstreamTask") -> dict[str, Any]:
        """A poll's."""
        usage = self.usage(task)
        match task.status:
            case "active":
                return {"success": True, "status": "active", "pending": True, "usage": usage}
            case "completed":
                data = {"message": task.text, **self.files(task)}
                return {"success": True, "type": "task_completed", "data": data, "usage": usage}
            case "guardrail":
                data = {"type": "human_input_needed", "value": task.text}
                return {"success": True, "type": "guardrail_trigger", "data": data}
            case "failed":
                return {"success": False, "status": "failed", "error": task.text, "code": "PAGE_CRASH", "usage": usage}
        return {"success": True, "status": task.status, "usage": usage}

    def event(self, task: "UpstreamTask") -> dict[str, Any]:
        """The socket's, at a task's end."""
        tokens = {"prompt_tokens": task.tokens[0], "completion_tokens": task.tokens[1]}
        data = {"message": task.text, **tokens, **self.files(task)}
        return {"type": "task_completed", "taskId": task.id, "data": data, "usage": {"cost": float(task.cost)}}


class WebRunForms(Forms):
    """The later form: other names, figures in `data`, the result at the top of an answer."""

    prompt = "prompt"

    def usage(self, task: "UpstreamTask") -> dict[str, Any]:
        prompt, completion = task.tokens
        total = prompt + completion
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": total,
            "completion_time": 1.5,
            "cost": float(task.cost),
        }

    def answer(self, task: "UpstreamTask") -> dict[str, Any]:
        head = {"success": True, "sessionId": task.session, "taskId": task.id}
        if task.status == "active":
            return {**head, "status": "pending", "message": "Still at work."}
        return {**head, **self.report(task)}

    def report(self, task: "UpstreamTask") -> dict[str, Any]:
        if task.status == "active":
            return {"success": True, "status": "running", "usage": self.usage(task)}
        return super().report(task)

    def event(self, task: "UpstreamTask") -> dict[str, Any]:
        data = {"message": task.text, "usage": self.usage(task), **self.files(task)}
        return {"type": "task_completed", "taskId": task.id, "data": data}


FORMS: dict[str, Forms] = {"enigma": Forms(), "webrun": WebRunForms()}
