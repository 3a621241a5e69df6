class EnvField:
    def __init__(self, default):
        self.default = default


class EnvBool(EnvField):
    pass


class EnvInt(EnvField):
    pass


class Envs:
    # Where models come from.
    SGLANG_USE_MODELSCOPE = EnvBool(False)
    SGLANG_SLOTS = EnvInt(2 * 8)
    SGLANG_NEW = EnvBoolWithAlias(True, deprecated_name="SGLANG_OLD")


envs = Envs()
_DEPRECATED_ENVS = {"SGLANG_GONE": _DeprecatedEnv(note="It is always on.")}
