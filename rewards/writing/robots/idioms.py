"""Phrases about robots that are replaced by plainer ones before a clause is read.

The grammar of the rows is that of `telic.rewards.writing.idioms`.
"""

from telic.rewards.writing.idioms import DIRECTIONS, compile_rewrites

_PIECES = {
    "not": r"((do|does|must|should|may|can) not( ever)? |without( ever)? |with no |never |no |not |and not )",
    "can": r"(possible|you can|it can|you could)",
    "over": r"( (over|down|on|onto|to|the|your|its|side|back|ground|floor))*",
    "robot": r"(it|the (pole|poles|pendulum|stick|robot))",
    "things": r"(anything|anybody|everything|something|(any|the|an?|all|obstacles?|racks?|carts?|walls?|things?)"
    r"( (obstacles?|racks?|carts?|walls?|things?|shelves|or|and|the))*)",
    "little": r"((with|using|spending) )?((as|very|only a|a) )?(little|minimal|minimum|low|less|small|least|the least)",
    "effort": r"(effort|force|energy|torque|power)",
    "speed": r"(speed|pace|rate|throttle|velocity)",
    "heading": r"((a|your|the|its) )?((straight|constant|same|steady) )?(heading|course|direction)",
    "track": r"( of (the )?(track|rail|room))?",
}

_ROWS = r"""
# What must not happen.
<not>(fall|tip|topple|tumbl|flip|crash|collaps)\w*<over>         -> nofall
<not>(let|allow)\w* <robot> (to )?(fall|drop|tip|topple)<over>   -> nofall
(prevent|keep|stop)(s|ing)? <robot> from (fall|toppl|dropp|tipp)ing<over> -> nofall
<not>los(e|ing) (your |its )?balance                             -> nofall
<not>(touch|hit|bump|crash|collid|scrap|run|driv)\w*( (into|against|with))? <things> -> nocollide
(<not>|avoid(ing)? )(any )?(collisions?|collid(e|ing)|crash(es|ing)?|bump(s|ing)?)   -> nocollide
(avoid|avoiding|evade|dodge|dodging) <things>                    -> nocollide
(steer|stay|keep) clear of <things>                              -> nocollide
<not>(turn|veer|drift|rotat|swerv|spin)\w*( (to (the|either) side|sideways|around|away|off course))* -> straighton
<not>(mov|budg|go|walk|driv|stray)\w*( (at all|anywhere|around|from (the|this|your) spot))* -> still

<not>(go|run|walk|move|drive|swim|hop|travel)\w* (faster|quicker) than -> go at most

# How.
as (fast|quickly|swiftly) as <can>                               -> fastest
(at|with) (full|top|maximum|your (top|highest|maximum)) <speed>  -> fastest
at full tilt|flat out                                            -> fastest
as (gently|softly|carefully) as <can>                            -> gently
as (smoothly|calmly) as <can>                                    -> smoothly
as slowly as <can>                                               -> slowly
as (precisely|accurately|exactly) as <can>                       -> precisely
as high as <can>                                                 -> highest
<little>( (of|amount of|as possible))* <effort>( as <can>)?      -> gently
<not>(wast|us|spend)\w* (much|a lot of|too much) <effort>        -> gently
(sav|conserv)\w* (energy|power|effort)|energy efficiently        -> gently
<not>(any |in a )?hurry(ing)?                                    -> slowly
(avoid(ing)? |<not>(mak\w* )?)(any )?(jerky|sudden|abrupt) (movements?|motions?|moves?) -> smoothly
<not>jerk(s|ing)?                                                -> smoothly
(for )?as long as <can>                                          ->
at (a )?(slow|low|gentle|leisurely) <speed>|in slow motion       -> slowly
at (a )?(high|fast|quick) <speed>                                -> quickly
at (a )?(steady|constant|even) <speed>                           ->
with( (high|great|good|utmost))? (precision|accuracy)            -> precisely
with (great )?care                                               -> carefully

# Where.
(above|over|off) (the )?(ground|floor|table)( (level|top))?      -> above theground
(the )?(ground|floor)                                            -> theground
(in|to|at|into|near|around) (the )?(middle|cent(re|er))<track>   -> centred
(?<=left |ight )of (the )?(middle|cent(re|er))<track>            ->
of (the )?(middle|cent(re|er))<track>                            -> centred
(on|in) ((the|a|this|that|your|same) )*(spot|place)                                         -> inplace
at rest                                                          -> still
(straight|directly)(?= (forward|back|up|down|to|left|right)\b)   ->
in a straight line|(keep|keeping|hold|holding|maintain|maintaining) <heading> -> straighton
straighton( straighton)+                                         -> straighton

# Two words for one act.
(hop|jump|bounce|leap)(s|ing|ping)? up and down                  -> jump
(get|gets|getting|stand|stands|standing|rise|rises|rising) up    -> getup
(to|onto|on) (your|its) feet                                     -> getup
swing(s|ing)?( (the|a|both|its|your))?( (pole|poles|pendulum|links?|arm|tip|acrobot|it))* up(right)?(wards?)? -> swingup
pick(s|ing)?( (the|a|it))*( (red|blue|small|little))?( (cube|block|object|box|it))? up -> lift the object
pick(s|ing)? up                                                  -> lift
end effector|finger tips?|tool tip                               -> gripper
half cheetah                                                     -> cheetah
"""

ROBOT_REWRITES = (*compile_rewrites(_ROWS, _PIECES), *DIRECTIONS)
