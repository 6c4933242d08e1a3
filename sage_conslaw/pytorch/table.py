r"""
The table of operators: one line an operation of PyTorch, by its name without the overload.

A rule takes the reader, the node of the graph and the operation's own arguments, and returns a value.  To read a
further operation, add a line: most are a rearrangement (``moved``), a function of each entry (``pointwise``) or a
linear map (``linear_map``), and need no rule of their own.
"""
from . import (
    attention,
    complexes,
    convolutions,
    layers,
    losses,
    normalisations,
    piecewise,
    pointwise,
    rearrange,
    recurrent,
    statistics,
)


def _lines(rule, names):
    return dict.fromkeys(names.split(), rule)


OPERATORS = {
    # Nothing happens.
    **_lines(
        rearrange.same,
        "alias clone contiguous lift_fresh_copy lift_fresh _to_copy to type_as positive _conj resolve_conj",
    ),
    "detach": rearrange.detached,
    # Rearrangements: along axes where that is cheaper, else by the places of the entries.
    **_lines(
        rearrange.reshaped,
        "view reshape _unsafe_view unsqueeze squeeze flatten unflatten view_as atleast_1d atleast_2d _reshape_alias",
    ),
    **_lines(rearrange.transposed, "transpose swapaxes swapdims"),
    **_lines(rearrange.permuted, "permute t numpy_T mT"),
    **_lines(rearrange.expanded, "expand expand_as broadcast_to"),
    "broadcast_tensors": rearrange.broadcast,
    **_lines(rearrange.split, "split split_with_sizes chunk unsafe_split unsafe_chunk tensor_split"),
    "select": rearrange.selected,
    "slice": rearrange.sliced,
    "cat": rearrange.joined,
    "concat": rearrange.joined,
    "stack": rearrange.stacked,
    **_lines(
        rearrange.moved,
        "unbind repeat repeat_interleave roll flip index index_select gather take movedim moveaxis "
        "narrow diagonal tril triu "
        "unfold pad constant_pad_nd pixel_shuffle pixel_unshuffle im2col rot90 diag_embed slice_scatter "
        "select_scatter "
        "upsample_nearest1d upsample_nearest2d reflection_pad1d reflection_pad2d replication_pad1d "
        "replication_pad2d channel_shuffle",
    ),
    **_lines(
        rearrange.linear_map,
        "cumsum upsample_bilinear2d upsample_linear1d upsample_bicubic2d upsample_trilinear3d "
        "_upsample_bilinear2d_aa col2im trace",
    ),
    # Places that are known are a rearrangement; a condition on data is a choice.
    "index_put": piecewise.put,
    # Sums and products.
    "add": pointwise.add,
    "sub": pointwise.subtract,
    "rsub": pointwise.reversed_subtract,
    "neg": pointwise.negative,
    "mul": pointwise.multiply,
    "div": pointwise.divide,
    "true_divide": pointwise.divide,
    "addcmul": pointwise.multiply_add,
    "pow": pointwise.power,
    "glu": pointwise.gated_linear,
    "square": pointwise.root(2),
    "sqrt": pointwise.root(0.5),
    "rsqrt": pointwise.root(-0.5),
    "reciprocal": pointwise.root(-1),
    "mean": statistics.mean,
    "sum": statistics.total,
    "var": statistics.variance,
    "std": statistics.deviation,
    "var_mean": statistics.variance_and_mean,
    "cosine_similarity": statistics.cosine_similarity,
    "_weight_norm": statistics.norm_of_weights,
    "linalg_vector_norm": statistics.vector_norm,
    "norm": statistics.vector_norm,
    "linalg_norm": statistics.norm,
    "linalg_matrix_norm": statistics.norm,
    "frobenius_norm": statistics.norm,
    # Functions of each entry: cut.
    **_lines(
        pointwise.pointwise,
        "tanh sigmoid exp expm1 exp2 log log1p log2 erf erfc sin cos atan asinh sinh cosh softplus silu "
        "gelu mish elu selu celu "
        "hardswish hardsigmoid hardtanh relu6 log_sigmoid log_sigmoid_forward softshrink hardshrink threshold",
    ),
    # Piecewise linear: gates.
    "relu": piecewise.gate("relu"),
    "abs": piecewise.gate("abs"),
    "leaky_relu": piecewise.leaky,
    "prelu": piecewise.parametric_leaky,
    "_prelu_kernel": piecewise.parametric_leaky,
    "rrelu": piecewise.random_leaky,
    "sign": piecewise.sign,
    "gt": piecewise.comparison(1),
    "lt": piecewise.comparison(-1),
    "ge": piecewise.comparison(1, ties=True),
    "le": piecewise.comparison(-1, ties=True),
    **_lines(piecewise.of_tokens, "eq ne"),
    **_lines(piecewise.negated, "logical_not bitwise_not"),
    **_lines(piecewise.both, "logical_and bitwise_and"),
    **_lines(piecewise.either, "logical_or bitwise_or"),
    "clamp_min": piecewise.clamp_min,
    "clamp": piecewise.clamp,
    "amax": piecewise.largest,
    "amin": piecewise.smallest,
    "max": piecewise.reduced(piecewise.largest, piecewise.larger),
    "min": piecewise.reduced(piecewise.smallest, piecewise.smaller),
    "maximum": piecewise.larger,
    "minimum": piecewise.smaller,
    "dropout": piecewise.dropout,
    "feature_dropout": piecewise.dropout,
    "native_dropout": piecewise.dropout_and_mask,
    # What the data choose, and what is drawn.
    **_lines(
        piecewise.chosen_by_data,
        "topk sort argsort argmax argmin kthvalue median mode nonzero masked_select unique unique_consecutive "
        "searchsorted bucketize multinomial randperm randint randint_like one_hot",
    ),
    **_lines(piecewise.noise, "rand randn rand_like randn_like normal uniform exponential bernoulli"),
    # Complex numbers.
    "view_as_complex": complexes.of_real,
    "complex": complexes.of_parts,
    # The reader puts the word in front where an argument is complex; real operations of the same name stay as they are.
    "complex view_as_real": complexes.to_real,
    "complex mul": complexes.product,
    "complex add": complexes.total,
    "complex conj": complexes.conjugate,
    "complex _conj": complexes.conjugate,
    "complex real": complexes.real_part,
    "complex imag": complexes.imaginary_part,
    **{
        f"complex {name}": complexes.parts(rule)
        for rule, names in (
            (rearrange.same, "alias clone contiguous _to_copy to resolve_conj"),
            (rearrange.reshaped, "view reshape _unsafe_view unsqueeze squeeze flatten unflatten"),
            (rearrange.transposed, "transpose"),
            (rearrange.permuted, "permute"),
            (rearrange.expanded, "expand"),
            (rearrange.selected, "select"),
            (rearrange.sliced, "slice"),
        )
        for name in names.split()
    },
    # Layers.
    "linear": layers.linear,
    **_lines(layers.product, "matmul mm bmm mv dot vdot"),
    **_lines(layers.product_plus, "addmm baddbmm addmv"),
    "einsum": layers.einsum,
    "outer": layers.outer,
    "ger": layers.outer,
    "bilinear": layers.bilinear,
    "embedding": layers.embedding,
    "embedding_bag": layers.bag_of_embeddings,
    "_embedding_bag": layers.bag_of_embeddings,
    **_lines(convolutions.convolution, "conv1d conv2d conv3d"),
    "convolution": convolutions.general_convolution,
    **_lines(convolutions.transposed_convolution, "conv_transpose1d conv_transpose2d conv_transpose3d"),
    **_lines(convolutions.max_pool, "max_pool1d max_pool2d max_pool3d"),
    **_lines(
        convolutions.max_pool_and_places, "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices"
    ),
    **_lines(convolutions.adaptive_max_pool, "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d"),
    **_lines(convolutions.mean_pool, "avg_pool1d avg_pool2d avg_pool3d"),
    **_lines(
        convolutions.adaptive_mean_pool,
        "adaptive_avg_pool1d adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_avg_pool3d",
    ),
    # Normalisations.
    "layer_norm": normalisations.layer_norm,
    # The forms that PyTorch decomposes others into have further results, for the backward pass alone.
    "native_layer_norm": normalisations.first_of(normalisations.layer_norm),
    "rms_norm": normalisations.rms_norm,
    "_fused_rms_norm": normalisations.first_of(normalisations.rms_norm),
    "group_norm": normalisations.group_norm,
    "instance_norm": normalisations.instance_norm,
    "batch_norm": normalisations.batch_norm,
    "_native_batch_norm_legit_no_training": normalisations.batch_norm_of_statistics,
    **_lines(
        normalisations.batch_norm_of_batch,
        "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional",
    ),
    # Softmax and attention.
    **_lines(attention.softmax, "softmax _softmax"),
    **_lines(attention.log_softmax, "log_softmax _log_softmax"),
    "logsumexp": attention.log_sum_exp,
    "scaled_dot_product_attention": attention.attention,
    "masked_fill": piecewise.filled,
    "fill": piecewise.filled_whole,
    "copy": piecewise.copied,
    # What is new and empty is filled before it is used, with random numbers by a dropout of channels.
    **_lines(piecewise.same_everywhere(0), "zeros_like new_zeros empty_like new_empty"),
    **_lines(piecewise.same_everywhere(1), "ones_like new_ones"),
    "full_like": piecewise.filled_whole,
    "where": piecewise.where,
    # Recurrent.
    "lstm": recurrent.layers("lstm"),
    "gru": recurrent.layers("gru"),
    "rnn_tanh": recurrent.layers("rnn_tanh"),
    "rnn_relu": recurrent.layers("rnn_relu"),
    "lstm_cell": recurrent.cell("lstm"),
    "gru_cell": recurrent.cell("gru"),
    "rnn_tanh_cell": recurrent.cell("rnn_tanh"),
    "rnn_relu_cell": recurrent.cell("rnn_relu"),
    # Losses.
    "cross_entropy_loss": losses.cross_entropy,
    "nll_loss_nd": losses.negative_likelihood,
    "nll_loss": losses.negative_likelihood,
    **_lines(
        losses.any_covector,
        "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy_with_logits binary_cross_entropy kl_div "
        "soft_margin_loss poisson_nll_loss hinge_embedding_loss",
    ),
}
