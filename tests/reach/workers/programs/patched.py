"""The web application for gevent's workers where gunicorn preloads it: patched before all else."""

from gevent import monkey

monkey.patch_all()

import web  # noqa: E402

wsgi = web.wsgi
