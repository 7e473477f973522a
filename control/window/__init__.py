"""A short window of flight, forward and backward: policy and simulator as one differentiable program.

Forward, for each vehicle and step t:

    o_t = observe(s_t) + noise,   a_t = policy(o_t),   s_{t+1} = step(s_t, a_t)

Backward, the gradient of an objective L of states and actions runs the same way in reverse and yields dL/dz for the
pre-activations z of every layer, from which one matrix product per layer gives the gradient of its weights.

Both are Numba kernels over chunks of vehicles that run side by side. A chunk's numbers depend on nothing outside it, so
results are the same for any number of threads.
"""
