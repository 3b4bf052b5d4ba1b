"""What a bounce really was: rules over status, diagnostic and host, which refine PowerMTA's category before the policy.

`rules` is the door: `Rules.refine` names the category that the policy is to decide by, and the rule that said so.
`patterns` holds what operators write in a rule, `index` finds the few rules that a text can fit.
"""

from bouncehandler.classification.rules import EVERY, Refined, Rule, Rules

__all__ = ["EVERY", "Refined", "Rule", "Rules"]
