"""The small world that the sample teams work in: their tools are plain Python over these facts."""

ORDERS = {
    "1042": {"item": "blue kettle", "status": "delivered", "paid_eur": 39},
    "1077": {"item": "reading lamp", "status": "in transit", "paid_eur": 58},
    "1093": {"item": "wool blanket", "status": "lost", "paid_eur": 74},
}
PRICES_EUR = {"mug": 7, "kettle": 39, "lamp": 58, "blanket": 74, "notebook": 4}
HEIGHTS_M = {"Mont Blanc": 4806, "Matterhorn": 4478, "Ben Nevis": 1345, "Snowdon": 1085}


def lookup_order(order_id: str) -> str:
    """Look up an order by its number."""
    order = ORDERS.get(order_id.strip("# "))
    if order is None:
        return f"Error: no order {order_id!r}"
    return f"Order {order_id}: {order['item']}, {order['status']}, paid {order['paid_eur']} EUR"


def refund(order_id: str) -> str:
    """Refund an order in full."""
    order = ORDERS.get(order_id.strip("# "))
    return f"Refunded {order['paid_eur']} EUR for order {order_id}" if order else f"Error: no order {order_id!r}"


def height_of(mountain: str) -> str:
    """Look up a mountain's height in metres."""
    for name, height in HEIGHTS_M.items():
        if name.lower() in mountain.lower():
            return f"{name} is {height} m high"
    return f"Error: nothing known of {mountain!r}"


def calculate(expression: str) -> str:
    """Work out an arithmetic expression such as 12 * (3 + 4)."""
    if not expression or set(expression) - set("0123456789.+-*/() "):
        return f"Error: not an arithmetic expression: {expression!r}"
    try:
        return str(eval(expression, {"__builtins__": {}}))  # noqa: S307 - digits and operators only, checked above
    except (SyntaxError, ZeroDivisionError, TypeError) as error:
        return f"Error: {error}"
