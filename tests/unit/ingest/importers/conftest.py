"""One small log of our own making for every family that importers read."""

import json
from pathlib import Path
from typing import Any

import pytest

from masthead.ingest.otlp_write import traces_json
from masthead.model.ids import RunId, SpanId
from masthead.model.span import Span

HYPERAGENT_LINES = [
    "HyperAgent_acme__widget-7 - INFO - Initialized HyperAgent instance acme__widget-7",
    "HyperAgent_acme__widget-7 - INFO - Initialized tools",
    "HyperAgent_acme__widget-7 - INFO - Planner's Response: Thought: the parser drops the last line.",
    "",
    "Intern Name: Codebase Navigator",
    "Subgoal: find the parser",
    "HyperAgent_acme__widget-7 - INFO - Inner-Navigator-Assistant's Response: Thought: search for it.",
    "",
    "Action:",
    "```python",
    'result = code_search._run(names=["parse_lines"])',
    "print(result)",
    "```",
    "HyperAgent_acme__widget-7 - INFO - Inner-Navigator-Assistant's Response: ",
    "HyperAgent_acme__widget-7 - INFO - Navigator->Planner: it is in widget/lines.py",
    "HyperAgent_acme__widget-7 - INFO - Planner's Response: Thought: done.",
    "Final Answer: return lines[:-1] should be lines.",
]

MATHCHAT = {
    "instance_id": "q-1",
    "problem_statement": ["What is 6 times 7?"],
    "other_data": {"correct": True, "given": "42", "answer": "42"},
    "trajectory": [
        {"content": ["Solve it with Python.", "What is 6 times 7?"], "role": "assistant", "name": "mathproxyagent"},
        {"content": ["Let me run it.", "```python", "print(6 * 7)", "```"], "role": "user", "name": "assistant"},
        {"content": ["Traceback (most recent call last):", "NameError"], "role": "assistant", "name": "mathproxyagent"},
        {"content": ["Again:", "```python", "print(42)", "```"], "role": "user", "name": "assistant"},
        {"content": ["42"], "role": "assistant", "name": "mathproxyagent"},
        {"content": ["So it is \\boxed{42}."], "role": "user", "name": "assistant"},
    ],
}  # fmt: skip

METAGPT_LOGURU = (
    "2025-03-01 10:00:00.000 | INFO     | metagpt.team:invest:93 - Investment: $3.0.\n"
    "2025-03-01 10:00:01.500 | INFO     | metagpt.roles.role:_act:391 - Alice(SimpleCoder): to do SimpleWriteCode(X)\n"
    "```python\ndef twice(x):\n    return 2 * x\n```\n"
    "2025-03-01 10:00:09.000 | INFO     | __main__:_act:85 - Bob(SimpleTester): to do SimpleWriteTest(X)\n"
    "assert twice(2) == 4\n"
    "2025-03-01 10:00:12.000 | INFO     | metagpt.roles.role:_act:391 - Carl(SimpleReviewer): to do SimpleReview(X)\n"
)

METAGPT_COMMUNICATION = (
    "=== MetaGPT Agent Communication Log - Started at 2025-03-01 10:00:00 ===\n\n"
    "[2025-03-01 10:00:00] FROM: Human TO: {'<all>'}\nACTION: UserRequirement\nCONTENT:\nWrite a doubling function.\n"
    + "-" * 80
    + "\n\n[2025-03-01 10:00:05] NEW MESSAGES:\n\nSimpleCoder: \n"
    + "def twice(x):\n    Note: not a speaker\n    return 2 * x\n"
    + "-" * 80
    + "\n\n[2025-03-01 10:00:09] NEW MESSAGES:\n\nSimpleTester: \nassert twice(2) == 4\n"
    + "-" * 80
    + "\n\n=== Communication Log Ended at 2025-03-01 10:00:10 ===\n"
)

CHATDEV = """[2025-17-03 11:36:43 INFO] **[Preprocessing]**

**ChatDev Starts** (20250317113643)

**task_prompt**: Build a clock.

**project_name**: Clock

[2025-17-03 11:36:43 INFO] flask app.py did not start for online log
[2025-17-03 11:36:43 INFO] System: **[chatting]**

| Parameter | Value |
| **model_type** | ModelType.GPT_4O |

[2025-17-03 11:36:44 INFO] Chief Executive Officer: **[Start Chat]**

[A company. You are Programmer. We share an interest.]

Which language do we use?

[2025-17-03 11:36:45 INFO] HTTP Request: POST https://api.example.test "HTTP/1.1 200 OK"
[2025-17-03 11:36:45 INFO] **[OpenAI_Usage_Info Receive]**
prompt_tokens: 100
completion_tokens: 20
total_tokens: 120
cost: $0.001500

[2025-17-03 11:36:45 INFO] Programmer: **Programmer<->Chief Executive Officer on : LanguageChoose, turn 0**

[A company. You are Chief Executive Officer. You decide.]

<INFO> Python

[2025-17-03 11:36:46 INFO] **[Seminar Conclusion]**:

 <INFO> Python

[2025-17-03 11:36:47 INFO] **[Update Codes]**

main.py updated.

[2025-17-03 11:36:48 INFO] **[Test Reports]**:

Traceback: it crashed

[2025-17-03 11:36:49 INFO] **[Post Info]**

**cost**=$0.001500
"""

APPWORLD = """

******************** Task 1/2 (abc_1)  ********************
Play the next song.
Response from Supervisor Agent
    # Ask the app.
    send_message(app_name='spotify', message='next song')
    
Code Execution Output

    # CallExtension
    reply = self.send_message(app_name='spotify', message='next song')
    
Entering spotify Agent message loop
    Message to spotify Agent
        next song
        
    Response from spotify Agent
        print(apis.spotify.next_song())
        
    Message to spotify Agent
        Execution failed. Traceback:
        Exception: no token
        
    Reply from spotify Agent to Supervisor
        I could not.
        
Exiting Spotify Agent message loop
Response from send_message API
    I could not.
    
Message to Supervisor Agent
    I could not.
    
Response from Supervisor Agent
    apis.supervisor.complete_task()
    
Code Execution Output

    Code executed successfully.
    
Evaluation
{
    "success": false,
    "difficulty": 1,
    "num_tests": 2,
    "passes": [],
    "failures": [{"requirement": "played"}]
}

******************** Task 2/2 (abc_2)  ********************
Stop the music.
Response from Supervisor Agent
    apis.spotify.pause()
    
Code Execution Output

    Code executed successfully.
"""  # noqa: W293 - the log pads its blocks with blanks

MAGENTIC = [
    {"role": "human", "content": "How high is the tower?"},
    {"role": "Orchestrator (thought)", "content": "Initial plan:\nask the web"},
    {"role": "Orchestrator (-> WebSurfer)", "content": "Please search for its height."},
    {"role": "WebSurfer", "content": "I typed 'tower height'. It is 90 m."},
    {"role": "Orchestrator (-> ComputerTerminal)", "content": "Run: ```python\nprint(90 * 3.28)\n```"},
    {
        "role": "ComputerTerminal",
        "content": "The script ran, then exited with Unix exit code: 1\nIts output was:\nboom",
    },
    {"role": "Orchestrator (thought)", "content": "Request satisfied."},
    {"role": "Orchestrator (termination condition)", "content": "No agent selected.\nFINAL ANSWER: 90 m\nDONE"},
]

MAGENTIC_CONSOLE = """Successfully installed autogen-0.4
---------- user ----------
How high is the tower?
---------- MagenticOneOrchestrator ----------
We are working to address the following user request:
How high is the tower?
---------- MagenticOneOrchestrator ----------
Please search for its height.
/lib/python/pydantic/main.py:441: UserWarning: Pydantic serializer warnings:
  return self.to_json(
---------- WebSurfer ----------
It is 90 m.
---------- MagenticOneOrchestrator ----------
The tower is 90 m high.
"""

OPENMANUS = (
    "Enter your prompt: Find the height of the tower.\n"
    "2025-03-21 00:05:00.265 | INFO     | app.agent.base:run:140 - Executing step 1/2\n"
    "2025-03-21 00:05:17.351 | INFO     | app.llm:update_token_count:250 - Token usage: Input=24, Completion=3, T=27\n"
    "2025-03-21 00:05:17.351 | INFO     | app.agent.toolcall:think:80 - ✨ Manus's thoughts: I search.\n"
    "2025-03-21 00:05:17.351 | INFO     | app.agent.toolcall:think:81 - 🛠️ Manus selected 1 tools to use\n"
    "2025-03-21 00:05:17.351 | INFO     | app.agent.toolcall:think:85 - 🧰 Tools being prepared: ['browser_use']\n"
    '2025-03-21 00:05:17.364 | INFO     | app.agent.toolcall:think:88 - 🔧 Tool arguments: {"query":"tower"}\n'
    "2025-03-21 00:05:17.365 | INFO     | app.agent.toolcall:execute_tool:179 - 🔧 Activating tool: 'browser_use'...\n"
    "2025-03-21 00:05:31.000 | INFO     | app.llm:update_token_count:250 - Token usage: Input=90, Completion=7, T=97\n"
    "2025-03-21 00:05:32.214 | INFO     | app.agent.toolcall:act:149 - 🎯 Tool 'browser_use' completed its mission! "
    "Result: Observed output of cmd `browser_use` executed:\nError: Page.goto timed out\n"
    "2025-03-21 00:05:33.000 | INFO     | app.agent.base:run:140 - Executing step 2/2\n"
    "2025-03-21 00:05:40.000 | INFO     | app.agent.toolcall:think:80 - ✨ Manus's thoughts: It is 90 m, I think.\n"
    "2025-03-21 00:05:40.000 | INFO     | app.agent.toolcall:think:81 - 🛠️ Manus selected 0 tools to use\n"
)

WHOWHEN = {
    "is_correct": False,
    "question": "How many rows are there?",
    "question_ID": "w-1",
    "ground_truth": "3",
    "history": [
        {"content": "I count:\n```python\nprint(2)\n```", "role": "assistant", "name": "Data_Expert"},
        {"content": "exitcode: 0 (execution succeeded)\nCode output: 2\n", "role": "user", "name": "Computer_terminal"},
        {"content": "It is 2.", "role": "user", "name": "Verification_Expert"},
        {"content": "TERMINATE", "role": "user", "name": "Verification_Expert"},
    ],
    "mistake_agent": "Data_Expert",
    "mistake_step": "0",
    "mistake_reason": "It counts the wrong table.",
    "system_prompt": {"Data_Expert": "You count rows.", "Absent_Expert": "You are never called."},
}

MASFT_LABELS = [
    {
        "framework": "AG2",
        "task_id": "q-1",
        "trace": "collection/AG2/mathchat.json",
        "solved": "TRUE",
        "mast14": ["1.3"],
        "mast14_near": ["2.2"],
        "label_complete": True,
        "note": "It runs the same code twice.",
    }
]

AGENTRX_LABELS = [
    {
        "trajectory_id": "magentic",
        "failures": [
            {"failure_id": 1, "step_number": 3, "failure_category": "Plan", "failed_agent": "Orchestrator"},
            {"failure_id": 2, "step_number": 6, "failure_category": "Tool", "failed_agent": "Computerterminal"},
        ],
        "root_cause": {"failure_id": 2, "reason_for_root_cause": "the script crashed"},
    }
]

MATOT = {
    "instance_id": "t-1",
    "problem_statement": "What is 2 + 2?",
    "other_data": {"answer": "4"},
    "trajectory": [
        " ########## Round 1 ########## ",
        "***** Reasoner 1 output: *****",
        "Starting reasoning process for question: What is 2 + 2?",
        "Step 1: Generation",
        "Generated thoughts: [['It is 4']]",
        "Step 1: Evaluation",
        "Votes for each thought: [5, 0]",
        "Final selected thought: ['It is 4']",
        "**************************************************",
        "***** Reasoner 2 output: ***** ",
        "Final selected thought: ['It is 4']",
        "**************************************************",
        "Reasoner 1: Answer: 4, Verified: True",
        "Verifier response:",
        "The reasoning holds.",
        "**************************************************",
        "At least two verified reasoners agree. Final Answer: 4",
    ],
}

PEER_REVIEW = {
    "instance_id": "p-1",
    "problem_statement": ["What is 2 + 2?"],
    "other_data": {"answer": "4", "correct": ["correct", "wrong"], "number_correct": 1},
    "trajectory": {
        number: [
            {"role": "user", "content": "Solve it."},
            {"role": "assistant", "content": "It is 4."},
            {"role": "user", "content": "Review the other's solution."},
            {"role": "assistant", "content": "It is fine."},
            {"role": "user", "content": "Answer."},
            {"role": "assistant", "content": f"\\boxed{{\\frac{{{answer}}}{{1}}}}"},
        ]
        for number, answer in (("0", "4"), ("1", "5"))
    },
}

TAU_BENCH: list[dict[str, Any]] = [
    {
        "task_id": 3,
        "reward": 1.0,
        "trial": 2,
        "info": {"task": {"instruction": "Cancel flight F1.", "user_id": "ada_1", "actions": []}},
        "traj": [
            {"role": "system", "content": "You are an airline agent."},
            {"role": "user", "content": "Cancel F1 please."},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "cancel", "arguments": '{"flight":"F1"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "name": "cancel", "content": "Error: no such flight"},
            {"role": "assistant", "content": "It is cancelled."},
            {"role": "user", "content": "Thanks! ###STOP###"},
        ],
    }
]

MESSAGES = [
    {"role": "system", "content": "You route requests."},
    {"role": "user", "content": [{"type": "text", "text": "Book a table."}]},
    {
        "role": "assistant",
        "name": "triage",
        "content": "",
        "tool_calls": [{"id": "h1", "function": {"name": "transfer_to_booking_agent", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "h1", "content": "transferred"},
    {
        "role": "assistant",
        "name": "Booking Agent",
        "content": "Two calls.",
        "reasoning_content": "I need both.",
        "tool_calls": [
            {"id": "a", "function": {"name": "find", "arguments": {"seats": 2}}},
            {"id": "b", "function": {"name": "hold", "arguments": "{}"}},
        ],
    },
    {"role": "tool", "tool_call_id": "b", "content": "held"},
    {"role": "assistant", "name": "Booking Agent", "content": "Booked."},
]

LANGCHAIN: dict[str, Any] = {
    "config": {"configurable": {"thread_id": "thread-9"}},
    "values": {
        "messages": [
            {"type": "human", "data": {"content": "What is 2 + 2?"}},
            {
                "lc": 1,
                "type": "constructor",
                "id": ["langchain", "schema", "messages", "AIMessage"],
                "kwargs": {
                    "content": "",
                    "name": "supervisor",
                    "tool_calls": [{"name": "transfer_to_math", "args": {}, "id": "t1", "type": "tool_call"}],
                    "usage_metadata": {"input_tokens": 11, "output_tokens": 2, "total_tokens": 13},
                    "response_metadata": {"model_name": "small-model"},
                },
            },
            {"type": "tool", "content": "boom", "name": "transfer_to_math", "tool_call_id": "t1", "status": "error"},
            {"type": "ai", "content": [{"type": "text", "text": "4"}], "name": "math", "tool_calls": []},
        ]
    },
}

TRANSCRIPT = """User: How do I reset it?
It shows a red light.

Helper: Hold the button.
See also: the manual.

[2025-03-01 10:00:00] Helper: Is it green now?
User: yes
"""

AG2_CONSOLE = """user_proxy (to assistant):

Print six times seven.

--------------------------------------------------------------------------------
assistant (to user_proxy):

```python
print(6 * 7)
```

--------------------------------------------------------------------------------

>>>>>>>> EXECUTING CODE BLOCK 0 (inferred language is python)...
user_proxy (to assistant):

exitcode: 0 (execution succeeded)
Code output: 42

--------------------------------------------------------------------------------
assistant (to user_proxy):

TERMINATE

--------------------------------------------------------------------------------
"""

MAST_DATA = [
    {
        "mas_name": "AG2",
        "llm_name": "small",
        "benchmark_name": "GSM",
        "trace_id": 4,
        "trace": {
            "key": "AG2_GSM",
            "index": 0,
            "trajectory": "instance_id: q-1\n\nproblem_statement:\n  What is 6 times 7?\n\n"
            "other_data:\n  correct: false\n\ntrajectory:\n  content:\n      Solve it.\n"
            "    role: assistant\n    name: mathproxyagent\n\n"
            "  content:\n      It is 41.\n        indented\n    role: user\n    name: assistant\n",
        },
        "mast_annotation": {"1.1": 0, "1.3": 1},
    },
    {
        "round": "Round 1",
        "mas_name": "ChatDev",
        "benchmark_name": "ProgramDev",
        "trace_id": 5,
        "trace": CHATDEV,
        "annotations": [{"failure mode": "1.1 Poor task compliance\nmore", "annotator_1": True, "annotator_2": False}],
    },
]


def _otlp() -> bytes:
    return traces_json(
        Span(
            trace_id=RunId("a" * 32),
            span_id=SpanId(f"{number:016x}"),
            name=f"step {number}",
            start_ns=1_700_000_000_000_000_000 + number,
            end_ns=1_700_000_000_000_000_100 + number,
            attributes={"gen_ai.agent.name": "planner"},
        )
        for number in (1, 2)
    )


class Samples(dict[str, bytes]):
    """The logs; hypothesis prints its arguments, and these are long."""

    def __repr__(self) -> str:
        return "samples"


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """Return a log of every family, by the family's id."""
    values: dict[str, Any] = {
        "hyperagent-json": {
            "instance_id": "acme__widget-7",
            "problem_statement": ["The last line is lost."],
            "trajectory": HYPERAGENT_LINES,
        },
        "ag2": MATHCHAT,
        "metagpt-json": {"run_id": 3, "prompt": "double it", "content": METAGPT_LOGURU, "cost": 0.05},
        "magentic-one-json": MAGENTIC,
        "whowhen": WHOWHEN,
        "masft-labels": MASFT_LABELS,
        "agentrx-labels": AGENTRX_LABELS,
        "matot": MATOT,
        "peer-review": PEER_REVIEW,
        "tau-bench": TAU_BENCH,
        "openai-messages": MESSAGES,
        "langchain": LANGCHAIN,
        "mast-data": MAST_DATA,
    }
    texts = {
        "hyperagent-log": "\n".join(HYPERAGENT_LINES),
        "metagpt-log": METAGPT_COMMUNICATION,
        "chatdev": CHATDEV,
        "appworld": APPWORLD,
        "magentic-one-console": MAGENTIC_CONSOLE,
        "openmanus": OPENMANUS,
        "ag2-console": AG2_CONSOLE,
        "transcript": TRANSCRIPT,
    }
    logs = {name: json.dumps(value).encode() for name, value in values.items()}
    logs |= {name: text.encode() for name, text in texts.items()}
    logs["otlp-json"] = _otlp()
    logs["inspect"] = (Path(__file__).parent / "data" / "division.eval").read_bytes()
    return Samples(logs)
