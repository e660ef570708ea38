"""A simulator of the parts of Twilio that recordings touch: v2010 Accounts and Recordings, Monitor, AWS credentials.

One port stands for all of Twilio's hosts. Time is virtual, faults are rules, and every behaviour that Twilio does not
document is a named option with a stated default. Start it with `python -m lab.twilio_simulator --port N`; drive it
through `/_sim` (see `control`), most easily with `lab.simulator.SimulatorControl`.
"""
