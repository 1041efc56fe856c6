"""``auditor plan``, and the planning that other commands do in passing: joins the stages it needs."""
