SELECT within FROM counting
